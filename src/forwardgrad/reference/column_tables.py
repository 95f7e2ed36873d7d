"""The tables of columns in results/README.md, written from the code that declares the columns.

`python -m forwardgrad.reference.column_tables` writes them again. A table stands between the marks
`<!-- columns: training.METRICS -->` and `<!-- end of columns -->`.
"""

import re
from pathlib import Path

from forwardgrad.claims import invariants, verdicts
from forwardgrad.experiments.kinds import AUDIT, KINDS, room
from forwardgrad.experiments.training import tables
from forwardgrad.experiments.training.analyses import budgets, loss_ratios, memory, norms, rates

OTHERS = (tables, budgets, memory, norms, loss_ratios, rates, verdicts, invariants)
MODULES = {kind: room(kind, "columns") for kind in (*KINDS, AUDIT)}
MODULES |= {module.__name__.rpartition(".")[2]: module for module in OTHERS}
README = Path("results/README.md")
BLOCK = re.compile(r"(<!-- columns: (\w+)\.(\w+) -->\n).*?(<!-- end of columns -->\n)", re.DOTALL)


def table(module: str, name: str) -> str:
    """Return the Markdown table of the columns that `module` declares as `name`, such as `training`, `METRICS`."""
    rows = [f"| `{column}` | {meaning} |\n" for column, meaning in getattr(MODULES[module], name).items()]
    return "".join(["| column | meaning |\n", "|---|---|\n", *rows])


def rewrite(text: str) -> str:
    """Return the text of results/README.md with every table between marks replaced."""
    return BLOCK.sub(lambda block: block[1] + table(block[2], block[3]) + block[4], text)


if __name__ == "__main__":
    README.write_text(rewrite(README.read_text(encoding="utf-8")), encoding="utf-8")
