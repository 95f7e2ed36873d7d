"""The examples, run in this process: importing torch again would take longer than they do."""

import re
import runpy
import sys

import pytest
import torch
from sklearn.datasets import load_digits

from forwardgrad.catalogue import USUAL
from forwardgrad.data import locate
from forwardgrad.data.download import DownloadError
from forwardgrad.data.sets import kmnist600

LINE = re.compile(r"step +(\d+)  loss (\d+\.\d+)  test accuracy (\d\.\d+)")
MEASURED = re.compile(r"([A-Za-z ]+?) (\d+\.\d+)(?: MiB)?(?:  |$)")


@pytest.fixture
def run(root, capsys, monkeypatch):
    """A function that runs an example and returns the lines that it prints."""
    monkeypatch.syspath_prepend(root / "examples")

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *arguments])
        with torch.random.fork_rng():
            runpy.run_path(str(root / f"examples/{name}.py"), run_name="__main__")
        written, errors = capsys.readouterr()
        assert errors == ""
        return written.splitlines()

    return run


@pytest.mark.parametrize("name", ["own_network", "own_optimizer"])
def test_an_example_learns(run, name):
    rows = [tuple(map(float, LINE.fullmatch(line).groups())) for line in run(name)]
    (_, first_loss, first_accuracy), (step, loss, accuracy) = rows[0], rows[-1]
    assert step == 3000
    assert loss < first_loss / 2
    assert first_accuracy < 0.6
    assert accuracy > 0.8


def measured(line):
    """Return the numbers of a line by what they measure, after the words in front."""
    return {name.strip(): float(number) for name, number in MEASURED.findall(line)}


def test_a_residual_network_learns(run):
    rows = {line.split()[0]: measured(line.split(maxsplit=1)[1]) for line in run("residual", "200")}
    assert rows["backprop"]["test accuracy"] > 0.9
    assert rows["activity"]["test accuracy"] > 0.3  # of ten classes
    assert rows["activity"]["milliseconds per step"] > 0


def test_a_language_model_learns(run):
    rows = {line.split()[0]: measured(line.split(maxsplit=1)[1])["bits per letter"] for line in run("tiny_gpt", "150")}
    assert rows["backprop"] < 3.5 < rows["frequencies"] < 4.2
    assert rows["activity"] < 4.5  # from 4.9


@pytest.fixture
def digits_for_kmnist(monkeypatch):
    """600 digits in the place of KMNIST's characters."""
    images, labels = load_digits(return_X_y=True)
    wide = torch.tensor(images * 15.9).view(-1, 1, 8, 8).repeat_interleave(3, 2).repeat_interleave(3, 3)
    padded = torch.nn.functional.pad(wide, (2, 2, 2, 2)).to(torch.uint8).numpy()
    kept = kmnist600.ranks(labels) < 60
    monkeypatch.setattr(kmnist600, "files", tuple)
    monkeypatch.setattr(kmnist600, "load", lambda raw: (padded[kept], labels[kept]))


@pytest.mark.usefixtures("digits_for_kmnist")
def test_a_pretrained_network_is_tuned(run):
    first, *lines = run("fine_tuning", "100")
    assert measured(first.split(":")[1])["MNIST test accuracy"] > 0.85
    rows = {tuple(line.split()[:2]): measured(line.split(maxsplit=2)[2]) for line in lines}
    accuracy, memory = (
        {key: row[name] for key, row in rows.items()} for name in ("KMNIST test accuracy", "peak memory")
    )
    assert all(accuracy[part, "backprop"] > 0.5 for part in ("head", "adapters"))
    assert accuracy["head", "activity"] > 0.3
    assert memory["head", "activity"] < 1.2 * memory["head", "backprop"]
    assert memory["adapters", "forward_rank_one"] < 0.6 * memory["adapters", "backprop"]


def test_a_missing_data_set_ends_in_one_line(run, monkeypatch, tmp_path):
    def fail(url):
        raise DownloadError("no network")

    monkeypatch.setattr(locate, "download", fail)
    monkeypatch.setenv("FORWARDGRAD_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match=r"KMNIST.* was not found: .*FORWARDGRAD_DATA") as stopped:
        run("fine_tuning", "1")
    assert "\n" not in stopped.value.code


def test_every_method_is_measured_on_a_network_of_ones_own(run):
    lines = run("own_benchmark")
    assert [line.split()[3] for line in lines] == list(USUAL)
    assert all("/backprop" in line for line in lines)


def test_every_example_is_run(root):
    scripts = {path.stem for path in (root / "examples").glob("*.py")}
    shown = {"own_benchmark", "own_network", "own_optimizer", "residual", "fine_tuning", "tiny_gpt"}
    assert scripts == {"digits"} | shown
