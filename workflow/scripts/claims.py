"""Join the verdicts on all claims into a table."""

import json
import sys
from pathlib import Path

from forwardgrad.claims import assess, read_row, table

sys.stderr = open(snakemake.log[0], "w")

rows = [read_row(Path(path)) for path in snakemake.input.rows]
rows += [assess(entry["id"], entry["claim"], entry["tolerances"], None) for entry in json.loads(snakemake.params.rest)]
table(rows, snakemake.params.order).to_csv(snakemake.output.table, index=False)
