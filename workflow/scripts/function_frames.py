"""Join the descents of test functions and the measurements of their steps into frames."""

import json
import sys
from pathlib import Path

from forwardgrad.experiments.functions.tables import COLUMNS, read_frame, read_provenance
from forwardgrad.results.reading import ResultError

sys.stderr = open(snakemake.log[0], "w")

try:
    for kind in COLUMNS:
        frame = read_frame(kind, map(Path, snakemake.input[kind]))
        frame.to_csv(snakemake.output[kind], index=False)
except ResultError as error:
    sys.exit(str(error))
produced_by = read_provenance(map(Path, snakemake.input.records))
Path(snakemake.output.provenance).write_text(json.dumps(produced_by, indent=2) + "\n")
