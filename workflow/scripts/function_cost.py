"""Draw what one step on a test function costs by forward and by reverse mode."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.functions.figures.cost import draw_step_times
from forwardgrad.plotting.style import save
from forwardgrad.results.quoted import published, read_quoted

sys.stderr = open(snakemake.log[0], "w")

costs, quoted = pd.read_csv(snakemake.input.costs), read_quoted(Path(snakemake.input.quoted))
ratios = published(quoted, "functions", "time_ratio")
save(*draw_step_times(costs, ratios), Path(snakemake.output.figure).with_suffix(""))
