"""Write when every forward gradient has caught up with backpropagation, run by run and over the seeds."""

import sys
from pathlib import Path

from forwardgrad.experiments.speed.tables import load_measurements
from forwardgrad.experiments.training.analyses.time_to_loss import times_summary, times_table
from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.results.quoted import read_quoted

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
measured = load_measurements(Path(snakemake.input.speed)) if snakemake.input.speed else None
times = times_table(frames, measured)
quoted = read_quoted(Path(snakemake.input.quoted))
if snakemake.wildcards.experiment != "mnist":  # the paper's times are those of its own settings
    quoted = quoted[:0]
times.to_csv(snakemake.output.times, index=False)
times_summary(times, quoted).to_csv(snakemake.output.summary, index=False)
