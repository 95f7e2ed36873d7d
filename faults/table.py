"""The page with the table of faults, from their declarations: `python -m faults.table` writes it."""

from faults.declared import KINDS
from faults.project import ROOT
from faults.runner import Fault

PATH = ROOT / "docs/faults.md"
HEAD = """# Faults

`make faults` puts these faults into real runs of the whole workflow, in a small configuration (`faults/config.yaml`).
For each it checks that no traceback reaches the terminal; that the terminal says the line below; that nothing finished
is lost or made again; and that the same command then completes, with every file that does not depend on measured times
identical to the byte to that of a run which nothing disturbed. Broken results are named again by every command until
they are mended. `…` stands for anything.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for kind, faults in KINDS.items():
        rows = [row(fault) for fault in faults]
        parts.append("\n".join([f"## {kind}\n", "| fault | what the terminal says |", "|---|---|", *rows]) + "\n")
    return "\n".join(parts)


def row(fault: Fault) -> str:
    """Return the row of a fault."""
    says = f"“{fault.says}”" if fault.says else "nothing: the same command completes"
    return f"| {fault.name} | {says} |"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
