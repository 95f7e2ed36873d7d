"""Draw when every forward gradient has caught up with backpropagation."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.training.figures.time_to_loss import draw_times
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

times, summary = (pd.read_csv(path) for path in (snakemake.input.times, snakemake.input.summary))
save(draw_times(times, summary), times, Path(snakemake.output.figure).with_suffix(""))
