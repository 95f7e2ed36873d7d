"""Judge every claim of the ledger."""

import json
import sys

from forwardgrad.claims.verdicts import judge_all

sys.stderr = open(snakemake.log[0], "w")

judge_all(json.loads(snakemake.params.claims)).to_csv(snakemake.output.table, index=False)
