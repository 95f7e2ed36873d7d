"""Draw what one step of every method of an experiment costs."""

import sys
from pathlib import Path

from forwardgrad.plotting.costs import draw_costs
from forwardgrad.plotting.style import save
from forwardgrad.results import load_frames

sys.stderr = open(snakemake.log[0], "w")

costs = load_frames(snakemake.input.metrics, snakemake.input.runs, snakemake.input.costs).costs
save(draw_costs(costs), costs, Path(snakemake.output.figure).with_suffix(""))
