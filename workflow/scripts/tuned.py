"""Write the chosen learning rates where the configuration finds them."""

import json
import sys
from pathlib import Path

import pandas as pd

from forwardgrad.experiments.training.analyses.rates import tuned_yaml

sys.stderr = open(snakemake.log[0], "w")

runs = pd.read_csv(snakemake.input.runs)
if runs.empty:
    sys.exit("the tuning experiment has no runs: its data could not be had")
text = tuned_yaml(runs, json.loads(Path(snakemake.input.provenance).read_text()))
Path(snakemake.params.file).write_text(text)
