"""docs/library.md, run block after block."""

import re

import torch

from forwardgrad.core.estimator import options_of
from forwardgrad.core.gradients import ESTIMATORS

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_code_runs_as_it_stands(root):
    page = (root / "docs/library.md").read_text()
    names = {"__name__": "library"}
    found = list(BLOCK.finditer(page))
    assert len(found) == page.count("```python") > 0
    with torch.random.fork_rng():
        for block in found:
            above = page[: block.start(1)].count("\n")  # so that an error names the line of the page
            exec(compile("\n" * above + block[1], "docs/library.md", "exec"), names)


def test_the_table_has_every_option(root):
    table = (root / "docs/library.md").read_text().split("| option |")[1].split("\n\n")[0]
    known = {option for key in ESTIMATORS for option in options_of(key)}
    named = {name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == known


def test_every_entry_point_is_shown(root):
    import forwardgrad

    page = (root / "docs/library.md").read_text()
    shown = {name for block in BLOCK.findall(page) for name in re.findall(r"\w+", block)}
    assert set(forwardgrad.__all__) - {"ESTIMATORS", "bench_network"} <= shown  # the latter: README and an example
