"""Publish the page, the document and the headline figure of a run, and let README state its results."""

import shutil
from pathlib import Path

from forwardgrad.files import write_atomically
from forwardgrad.reference.readme import rewrite, write_blocks
from forwardgrad.report.markup import one_folder_down

FIGURE = Path("figures/speed/cpu-cost.svg")


def publish_pages(results: Path, reference: Path, report: Path, readme: Path) -> None:
    """Copy what people read to `report`/reference, under version control, and write README's blocks anew.

    The folder `results` has the figure, `reference` the published tables that the blocks state.
    """
    published = report / "reference"
    page = one_folder_down((report / "index.html").read_text(encoding="utf-8"))
    write_atomically(published / "index.html", page)
    shutil.copy(report / "report.pdf", published / "report.pdf")
    shutil.copy(results / FIGURE, published / "cost.svg")
    blocks = write_blocks(reference, report / "templates")
    write_atomically(readme, rewrite(readme.read_text(encoding="utf-8"), blocks))
