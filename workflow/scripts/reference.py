"""Keep the numbers of a run, its page and its document as the published reference, and let README state them."""

import shutil
import sys
from pathlib import Path

from forwardgrad.reference.publish import publish
from forwardgrad.reference.readme import rewrite, write_blocks
from forwardgrad.report.markup import one_folder_down

sys.stderr = open(snakemake.log[0], "w")

folder = Path(snakemake.output.record).parent
publish(Path("results"), folder)
page = Path(snakemake.input.page).read_text(encoding="utf-8")
Path(snakemake.output.page).write_text(one_folder_down(page), encoding="utf-8")
for kept in ("document", "figure"):
    shutil.copy(snakemake.input[kept], snakemake.output[kept])
readme = Path("README.md")
blocks = write_blocks(folder, Path(snakemake.input.ledger), Path("report/templates"))
readme.write_text(rewrite(readme.read_text(encoding="utf-8"), blocks), encoding="utf-8")
