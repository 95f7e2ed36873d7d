"""Publish the site of a run, and let README state its results."""

import shutil
from pathlib import Path

from forwardgrad.files import write_atomically
from forwardgrad.reference.readme import rewrite, write_blocks


def publish_pages(reference: Path, report: Path, readme: Path) -> None:
    """Copy the site to `report`/reference, under version control, and write README's blocks anew.

    The folder `reference` has the published tables that the blocks state.
    """
    published = report / "reference"
    shutil.rmtree(published, ignore_errors=True)
    shutil.copytree(report / "site", published, ignore=shutil.ignore_patterns(".*"))  # Snakemake leaves one
    blocks = write_blocks(reference, report / "templates")
    write_atomically(readme, rewrite(readme.read_text(encoding="utf-8"), blocks))
