"""Publish the site of a run, and let README and ARTIFACT.md state its results."""

import shutil
from pathlib import Path

from forwardgrad.files import write_atomically
from forwardgrad.reference.readme import rewrite, write_blocks


def publish_pages(reference: Path, report: Path, root: Path) -> None:
    """Copy the site to `report`/reference, under version control, and write the blocks of the texts in `root` anew.

    The folder `reference` has the published tables that the blocks state.
    """
    published = report / "reference"
    shutil.rmtree(published, ignore_errors=True)
    shutil.copytree(report / "site", published, ignore=shutil.ignore_patterns(".*"))  # Snakemake leaves one
    write_texts(reference, report / "templates", root)


def write_texts(reference: Path, templates: Path, root: Path) -> None:
    """Write the blocks of README.md and ARTIFACT.md in `root` anew."""
    for file, blocks in write_blocks(reference, templates).items():
        write_atomically(root / file, rewrite((root / file).read_text(encoding="utf-8"), blocks))
