"""Join the measurements of steps into a frame of all processes, and one of what they came to."""

import json
import sys
from pathlib import Path

from forwardgrad.experiments.speed.columns import PROCESSES
from forwardgrad.experiments.speed.tables import pool, read_processes
from forwardgrad.results.reading import ResultError, produced_by

sys.stderr = open(snakemake.log[0], "w")

try:
    rows = read_processes(Path(path) for path in snakemake.input.rows)
except ResultError as error:
    sys.exit(str(error))
rows[list(PROCESSES)].to_csv(snakemake.output.processes, index=False)
pool(rows).to_csv(snakemake.output.frame, index=False)
made = produced_by(json.loads(Path(path).read_text()) for path in snakemake.input.records)
Path(snakemake.output.provenance).write_text(json.dumps(made, indent=2) + "\n")
