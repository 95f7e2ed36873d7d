"""Write what steps cost as ratios, with the paper's."""

import sys
from pathlib import Path

from forwardgrad.experiments.speed.tables import load_measurements, ratio_table
from forwardgrad.results.quoted import read_quoted

sys.stderr = open(snakemake.log[0], "w")

measured, quoted = load_measurements(Path(snakemake.input.frame)), read_quoted(Path(snakemake.input.quoted))
ratio_table(measured, quoted).to_csv(snakemake.output.ratios, index=False)
