"""Draw what one step of every method of an experiment costs."""

import sys
from pathlib import Path

from forwardgrad.experiments.training.figures.costs import draw_costs
from forwardgrad.experiments.training.frames import load_frames
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

costs = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs).costs
save(draw_costs(costs), costs, Path(snakemake.output.figure).with_suffix(""))
