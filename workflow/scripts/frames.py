"""Join the runs and measurements of one experiment into frames."""

import json
import sys
from pathlib import Path

from forwardgrad.experiments.training.frames import read_experiment, write_frames
from forwardgrad.results.reading import ResultError

sys.stderr = open(snakemake.log[0], "w")

try:
    frames, produced_by = read_experiment(
        [Path(metrics).parent for metrics in snakemake.input.metrics], [Path(costs) for costs in snakemake.input.costs]
    )
except ResultError as error:
    sys.exit(str(error))
write_frames(frames, *map(Path, (snakemake.output.metrics, snakemake.output.runs, snakemake.output.costs)))
Path(snakemake.output.provenance).write_text(json.dumps(produced_by, indent=2) + "\n")
