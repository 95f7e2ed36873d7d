"""Accuracy beside memory, by hand."""

import json

import pytest

from forwardgrad.experiments.training.analyses.memory import MEMORY, memory
from forwardgrad.experiments.training.figures.memory import memory as draw_memory

from ....drawn import check_that_files_are_the_same, check_that_nothing_is_clipped
from ....synthetic import seal

CELL = {"dataset": "mnist5k", "model": "lr"}
PEAKS = {
    "backprop": 4000,
    "backprop_checkpoint": 3000,
    "forward_gaussian": 5000,
    "forward_rank_one": 1000,
    "spsa": None,
}


@pytest.fixture
def results(results):
    """Accuracies are 1 minus a tenth of the last loss: backpropagation 0.97, Gaussian 0.9 or 0.95, rank one 0.93."""
    for seed in range(3):
        results.run("backprop", seed, (2.0, 0.3), **CELL)
        results.run("forward_gaussian", seed, (2.0, 1.0), **CELL)
        results.run("gaussian_slow", seed, (2.0, 0.5), estimator="forward_gaussian", rate=0.1, **CELL)
        results.run("forward_rank_one", seed, (2.0, 0.7), **CELL)
        results.run("spsa", seed, (2.0, 0.7), **CELL)
    results.run("forward_gaussian", 3, (2.0, 2e4), "diverged", **CELL)
    results.cost(dict.fromkeys(PEAKS, 1e-3), "lr", 64)
    first = results.costs[0]  # one process measures memory
    rows = json.loads(first.read_text())
    first.write_text(json.dumps([row | {"peak_bytes": PEAKS[row["method"]]} for row in rows]))
    seal(first.with_name(f"{first.stem}-record.json"), {"versions": {}}, first.name)
    return results


@pytest.fixture
def table(results, store_frames):
    return memory(store_frames(results.frames()), "students")


def test_every_kind_of_step_has_its_most_accurate_setting_by_memory(table):
    assert list(table) == list(MEMORY)
    assert table["method"].tolist() == ["forward_rank_one", "backprop_checkpoint", "backprop", "gaussian_slow"]
    assert table["peak_bytes"].tolist() == [1000, 3000, 4000, 5000]
    assert table["test_accuracy"].tolist() == pytest.approx([0.93, 0.97, 0.97, 0.95])
    assert table["learning_rate"].tolist() == [0.2, 0.2, 0.2, 0.1]
    assert table["runs"].tolist() == [3] * 4


def test_the_best_is_that_within_the_memory_of_the_row(table):
    assert table["best"].tolist() == [
        "forward_rank_one",
        "backprop_checkpoint",
        "backprop_checkpoint",
        "backprop_checkpoint",
    ]


def test_without_memory_there_is_no_row(results, store_frames):
    results.costs = results.costs[1:]
    assert len(memory(store_frames(results.frames()), "students")) == 0


def test_the_figure_is_whole_and_the_same_twice(table, store, tmp_path):
    stored = store({"tables/students/memory": table})
    check_that_nothing_is_clipped(draw_memory(stored, "students")[0])
    check_that_files_are_the_same(lambda: draw_memory(stored, "students"), tmp_path)
