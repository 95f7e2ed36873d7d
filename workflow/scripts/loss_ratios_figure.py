"""Draw the ratios of final training losses against the band of no difference."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.training.figures.loss_ratios import draw_loss_ratios
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

ratios = pd.read_csv(snakemake.input.table)
save(draw_loss_ratios(ratios), ratios, Path(snakemake.output.figure).with_suffix(""))
