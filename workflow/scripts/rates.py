"""Write what every rate of a grid came to."""

import sys

from forwardgrad.experiments.training.analyses.rates import rate_table
from forwardgrad.experiments.training.frames import load_frames

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
rate_table(frames.runs).to_csv(snakemake.output.table, index=False)
