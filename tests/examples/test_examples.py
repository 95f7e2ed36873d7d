"""The examples, run in this process: importing torch again would take longer than they do."""

import re
import runpy

import pytest
import torch

from forwardgrad import bench_network
from forwardgrad.catalogue import USUAL

LINE = re.compile(r"step +(\d+)  loss (\d+\.\d+)  test accuracy (\d\.\d+)")


@pytest.mark.parametrize("name", ["own_network", "own_optimizer"])
def test_an_example_learns(root, name, capsys, monkeypatch):
    monkeypatch.syspath_prepend(root / "examples")
    with torch.random.fork_rng():
        runpy.run_path(str(root / f"examples/{name}.py"), run_name="__main__")
    written, errors = capsys.readouterr()
    rows = [tuple(map(float, LINE.fullmatch(line).groups())) for line in written.splitlines()]
    (_, first_loss, first_accuracy), (step, loss, accuracy) = rows[0], rows[-1]
    assert step == 3000
    assert loss < first_loss / 2
    assert first_accuracy < 0.6
    assert accuracy > 0.8
    assert errors == ""


def test_own_benchmark_measures_every_method(root, capsys):
    made = runpy.run_path(str(root / "examples/own_benchmark.py"))
    rows = bench_network(made["make"], seconds=0.01)
    assert [row["method"] for row in rows if row["seconds"] is None] == []
    assert capsys.readouterr().out.count("/backprop") == len(rows) == len(USUAL)


def test_every_example_is_run(root):
    scripts = {path.stem for path in (root / "examples").glob("*.py")}
    assert scripts == {"digits", "own_benchmark", "own_network", "own_optimizer"}
