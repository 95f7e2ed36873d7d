"""The examples, run as a reader would run them."""

import re
import subprocess
import sys

import pytest

LINE = re.compile(r"step +(\d+)  loss (\d+\.\d+)  test accuracy (\d\.\d+)")


@pytest.mark.parametrize("name", ["own_network", "own_optimizer"])
def test_an_example_learns(root, name):
    done = subprocess.run([sys.executable, root / f"examples/{name}.py"], capture_output=True, text=True, check=True)
    rows = [tuple(map(float, LINE.fullmatch(line).groups())) for line in done.stdout.splitlines()]
    (_, first_loss, first_accuracy), (step, loss, accuracy) = rows[0], rows[-1]
    assert step == 3000
    assert loss < first_loss / 2
    assert first_accuracy < 0.6
    assert accuracy > 0.8
    assert done.stderr == ""


def test_every_example_is_run(root):
    scripts = {path.stem for path in (root / "examples").glob("*.py")}
    assert scripts == {"digits", "own_network", "own_optimizer"}
