"""Draw how the dimension of a sphere slows the forward gradient, and what one step does."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.functions.figures.spheres import draw_spheres
from forwardgrad.plotting.style import save

sys.stderr = open(snakemake.log[0], "w")

curves, runs, contraction = map(pd.read_csv, snakemake.input)
save(*draw_spheres(curves, runs, contraction), Path(snakemake.output.figure).with_suffix(""))
