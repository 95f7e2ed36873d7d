"""Compare the final training losses of every method with those of one."""

import sys

from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios
from forwardgrad.experiments.training.frames import load_frames

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
loss_ratios(frames.runs, snakemake.params.against).to_csv(snakemake.output.table, index=False)
