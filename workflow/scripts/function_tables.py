"""Write what the descents of test functions came to, what one step does on a sphere, and what steps cost."""

import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.functions.tables import contraction_table, cost_table, outcome_table
from forwardgrad.results.quoted import read_quoted

sys.stderr = open(snakemake.log[0], "w")

runs, quoted = pd.read_csv(snakemake.input.runs), read_quoted(Path(snakemake.input.quoted))
outcome_table(runs, quoted).to_csv(snakemake.output.outcomes, index=False)
contraction_table(pd.read_csv(snakemake.input.contraction)).to_csv(snakemake.output.contraction, index=False)
cost_table(pd.read_csv(snakemake.input.costs), quoted).to_csv(snakemake.output.costs, index=False)
