"""Write what estimates came to, one row per network and estimator."""

import sys

import pandas as pd

from forwardgrad.experiments.estimators.tables import summary

sys.stderr = open(snakemake.log[0], "w")

summary(pd.read_csv(snakemake.input.frame)).to_csv(snakemake.output.summary, index=False)
