"""Make every table, figure and page from the published frames, in a folder of its own, and run no experiment.

The folder looks like the repository: what people wrote is linked into it, what runs leave behind is unpacked into it.
There Snakemake may use only the rules that make things from frames.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from forwardgrad.experiments.kinds import products
from forwardgrad.reference.frames import unpack

WRITTEN = ("Snakefile", "CITATION.cff", "config", "profiles", "workflow", "report", "results/reference")
OWN = "report"  # of this folder the parts are linked, since the site goes there
RULES = ("locate", "claims", "invariants", "report")  # besides those of tables and figures


def redraw(folder: Path, reference: Path, site: Path) -> int:
    """Make everything in `folder`, anew.

    Args:
        folder: Folder to work in; what it held goes.
        reference: Published results.
        site: Published site, for the notebooks, which are executed on data.

    Returns:
        The exit status of Snakemake.
    """
    root = Path.cwd()
    shutil.rmtree(folder, ignore_errors=True)
    unpack(reference, folder / "results")
    for name in WRITTEN:
        parts = [f"{name}/{path.name}" for path in (root / name).iterdir()] if name == OWN else [name]
        for part in parts:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            if part not in ("report/site", "report/notebooks"):
                (folder / part).symlink_to(root / part)
    if (site / "notebooks").is_dir():
        shutil.copytree(site / "notebooks", folder / "report/notebooks")
    allowed = [*RULES, *(product.rule for what in ("TABLES", "FIGURES") for product in products(what))]
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "report", "--allowed-rules", *allowed]
    return subprocess.run(command, cwd=folder, env=os.environ | {"FORWARDGRAD_DATA": ""}, check=False).returncode
