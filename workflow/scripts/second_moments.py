"""Draw the second moments of several kinds of tangent."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.audit.figures.second_moments import draw_second_moments
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

moments = pd.read_csv(snakemake.input.moments)
save(draw_second_moments(moments), moments, Path(snakemake.output.figure).with_suffix(""))
