"""Draw how many steps the runs of an experiment needed to reach their threshold."""

import sys
from pathlib import Path

from forwardgrad.plotting.style import save
from forwardgrad.plotting.thresholds import draw_thresholds
from forwardgrad.results import load_frames, with_threshold
from forwardgrad.tables import quoted_steps, read_quoted

sys.stderr = open(snakemake.log[0], "w")

frames = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs)
runs = with_threshold(frames.runs)
quoted = read_quoted(Path(snakemake.input.quoted))
figure = draw_thresholds(runs, quoted_steps(quoted[quoted["source"] == snakemake.wildcards.experiment]))
save(figure, runs, Path(snakemake.output.figure).with_suffix(""))
