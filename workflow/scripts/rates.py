"""Write what every rate of a grid came to."""

import sys

from forwardgrad.results import load_frames
from forwardgrad.tuning import rate_table

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
rate_table(frames.runs).to_csv(snakemake.output.table, index=False)
