"""Write the table of one analysis of an experiment."""

import sys

from forwardgrad.experiments.training.analyses.budgets import budget_table
from forwardgrad.experiments.training.analyses.norms import norm_table
from forwardgrad.experiments.training.frames import load_frames

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
make = {"budgets": budget_table, "norms": norm_table}[snakemake.params.name]
make(frames).to_csv(snakemake.output.table, index=False)
