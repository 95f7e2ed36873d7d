"""Draw the descents of one test function: values by step, paths over contours and surface."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.functions.figures.descents import draw_loss
from forwardgrad.experiments.functions.figures.surfaces import draw_paths
from forwardgrad.experiments.functions.plan import Case
from forwardgrad.experiments.functions.tables import rows_of_case
from forwardgrad.plotting.style import save
from forwardgrad.results.quoted import published, read_quoted

sys.stderr = open(snakemake.log[0], "w")

case = Case.from_json(snakemake.params.case)
frames = (pd.read_csv(snakemake.input[name]) for name in ("curves", "runs"))
curves, runs = (rows_of_case(frame, (case.source, case.name)) for frame in frames)
finals = published(read_quoted(Path(snakemake.input.quoted)), "functions", "final")
save(*draw_loss(case, curves, runs, finals), Path(snakemake.output.loss).with_suffix(""))
save(*draw_paths(case, curves, runs), Path(snakemake.output.paths).with_suffix(""))
