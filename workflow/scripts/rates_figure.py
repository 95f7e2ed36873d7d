"""Draw what every rate of a grid came to."""

import sys
from pathlib import Path

from forwardgrad.experiments.training.analyses.rates import grid_runs, rate_table
from forwardgrad.experiments.training.figures.rates import draw_rates
from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

runs = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs).runs
shown = grid_runs(runs)
save(draw_rates(shown, rate_table(runs)), shown, Path(snakemake.output.figure).with_suffix(""))
