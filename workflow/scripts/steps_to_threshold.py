"""Draw how many steps the runs of an experiment needed to reach their threshold."""

import sys
from pathlib import Path

from forwardgrad.experiments.training.figures.thresholds import draw_thresholds
from forwardgrad.experiments.training.frames import load_frames, with_threshold
from forwardgrad.experiments.training.tables import quoted_steps
from forwardgrad.plotting.style import save
from forwardgrad.results.quoted import read_quoted

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
runs = with_threshold(frames.runs)
quoted = read_quoted(Path(snakemake.input.quoted))
figure = draw_thresholds(runs, quoted_steps(quoted[quoted["source"] == snakemake.wildcards.experiment]))
save(figure, runs, Path(snakemake.output.figure).with_suffix(""))
