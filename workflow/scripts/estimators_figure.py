"""Draw many estimates of one gradient."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.estimators.figures.estimates import FIGURES
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

frame, clouds = pd.read_csv(snakemake.input.frame), pd.read_csv(snakemake.input.clouds)
save(*FIGURES[snakemake.params.name](frame, clouds), Path(snakemake.output.figure).with_suffix(""))
