"""Judge every claim of the ledger."""

import functools
import json
import sys

import pandas as pd

from forwardgrad.claims.verdicts import CLAIMS, judge_files

sys.stderr = open(snakemake.log[0], "w")

read = functools.cache(pd.read_csv)  # many claims ask the same frame
rows = [judge_files(entry, read) for entry in json.loads(snakemake.params.claims)]
pd.DataFrame(rows, columns=list(CLAIMS)).to_csv(snakemake.output.table, index=False)
