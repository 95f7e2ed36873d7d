"""Join the measurements of steps into a frame."""

import json
import sys
from pathlib import Path

from forwardgrad.ratios import produced_by, read_measurements
from forwardgrad.results import ResultError

sys.stderr = open(snakemake.log[0], "w")

try:
    frame = read_measurements(Path(path) for path in snakemake.input.rows)
except ResultError as error:
    sys.exit(str(error))
frame.to_csv(snakemake.output.frame, index=False)
made = produced_by(json.loads(Path(path).read_text()) for path in snakemake.input.records)
Path(snakemake.output.provenance).write_text(json.dumps(made, indent=2) + "\n")
