"""Write the tables of one experiment."""

import sys

from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.experiments.training.tables import method_table, paired_table

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
method_table(frames).to_csv(snakemake.output.methods, index=False)
paired_table(frames).to_csv(snakemake.output.paired, index=False)
