"""Join the estimates of all networks into one frame with intervals."""

import json
import sys
from pathlib import Path

from forwardgrad.experiments.estimators.tables import join
from forwardgrad.results.reading import ResultError

sys.stderr = open(snakemake.log[0], "w")

try:
    frame, clouds, made = join([Path(path) for path in snakemake.input.rows])
except ResultError as error:
    sys.exit(str(error))
frame.to_csv(snakemake.output.frame, index=False)
clouds.to_csv(snakemake.output.clouds, index=False)
Path(snakemake.output.provenance).write_text(json.dumps(made, indent=2) + "\n")
