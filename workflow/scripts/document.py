"""Set the report on paper."""

import sys
from pathlib import Path

from forwardgrad.report.document import write_document

sys.stderr = open(snakemake.log[0], "w")

write_document(Path(snakemake.input.page), Path(snakemake.input.style), Path(snakemake.output.document), Path.cwd())
