"""Draw the descents of one test function: values by step, paths over contours and surface."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.cases import Case
from forwardgrad.outcomes import shown
from forwardgrad.plotting.descents import draw_loss
from forwardgrad.plotting.style import save
from forwardgrad.plotting.surfaces import draw_paths

sys.stderr = open(snakemake.log[0], "w")

case = Case.from_json(snakemake.params.case)
curves, runs = (shown(pd.read_csv(path), (case.source, case.name)) for path in snakemake.input)
for draw, path in ((draw_loss, snakemake.output.loss), (draw_paths, snakemake.output.paths)):
    save(*draw(case, curves, runs), Path(path).with_suffix(""))
