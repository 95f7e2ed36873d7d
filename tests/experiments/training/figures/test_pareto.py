"""Accuracy against time: lines by seconds, points in the time of backpropagation."""

import matplotlib.pyplot as plt
import pytest

from forwardgrad.experiments.training.analyses.pareto import pareto as table_of
from forwardgrad.experiments.training.figures.pareto import pareto

CELL = {"dataset": "mnist5k", "model": "lr"}


@pytest.fixture
def drawn(results, store_frames):
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0, 0.5 + seed / 10), every=10, **CELL)
        results.run("forward_gaussian", seed, (2.0, 1.5, 1.0 + seed / 10), every=10, **CELL)
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3, "gathering": 1e-12}, "lr", 64)
    own = store_frames(results.frames())
    (own.folder / "tables/students").mkdir(parents=True, exist_ok=True)
    table_of(own, "students").to_csv(own.folder / "tables/students/pareto.csv", index=False)
    return pareto(own, "students")


def test_lines_are_means_by_seconds(drawn):
    lines = drawn[1].set_index("method")
    assert lines.loc["backprop", "seconds"].tolist() == pytest.approx([0.01, 0.02])
    assert lines.loc["forward_gaussian", "seconds"].tolist() == pytest.approx([0.02, 0.04])
    assert lines.loc["backprop", "test_accuracy"].tolist() == pytest.approx([0.9, 0.94])


def test_every_method_is_named_with_its_difference(drawn):
    words = [text.get_text() for text in drawn[0].findobj(plt.Text)]
    # In 20 ms the forward gradient is at loss 1.5, accuracy 0.85.
    assert {"Backpropagation", "Gaussian \u22129.0"} <= set(words)


def test_a_method_with_fewer_seeds_is_left_to_the_table(results, store_frames):
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0), **CELL)
    results.run("forward_gaussian", 0, (2.0, 1.5), **CELL)
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3, "gathering": 1e-12}, "lr", 64)
    own = store_frames(results.frames())
    (own.folder / "tables/students").mkdir(parents=True, exist_ok=True)
    table_of(own, "students").to_csv(own.folder / "tables/students/pareto.csv", index=False)
    assert set(pareto(own, "students")[1]["method"]) == {"backprop"}
