"""Figures of curves and cosines: what they say and what they mark."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from forwardgrad.experiments.training.figures.cosines import cosines
from forwardgrad.experiments.training.figures.curves import curves

CELL = {"dataset": "mnist5k", "model": "lr"}
NAMES = {"experiment": "students", **CELL}


@pytest.fixture
def frames(results, few):
    """Backpropagation, and a forward gradient that gets as far at two of three seeds."""
    for seed, last in enumerate((0.4, 0.5, 0.7)):
        results.run("backprop", seed, (2.0, 1.0, 0.5), every=10, **CELL)
        results.run("forward_gaussian", seed, (2.0, 0.9, 0.8, last), every=10, **CELL)
        results.run("forward_gaussian_slow", seed, (2.0, 1.9), every=10, estimator="forward_gaussian", **CELL)
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3, "gathering": 1e-3}, "lr", 64)
    return results.frames()


def words(figure):
    return " ".join("\n".join(text.get_text() for text in figure.findobj(plt.Text)).split())


def test_curves_are_one_loss_and_one_accuracy_of_validation_where_there_is_one(frames, store_frames):
    shown = curves(store_frames(frames), **NAMES)[1]
    assert list(dict.fromkeys(shown["metric"])) == ["validation_loss", "validation_accuracy"]
    frames.metrics["validation_loss"] = np.nan
    shown = curves(store_frames(frames), **NAMES)[1]
    assert list(dict.fromkeys(shown["metric"])) == ["test_loss", "test_accuracy"]


def test_where_the_weights_growth_is_the_question_their_norm_stands_beside_the_training_loss(frames, store_frames):
    figure, shown = curves(store_frames(frames), **NAMES, norms=True)
    assert list(dict.fromkeys(shown["metric"])) == ["train_loss", "validation_accuracy", "weight_norm"]
    assert "Norm of all weights" in words(figure)


def test_cosines_leave_out_backpropagation_and_show_the_formula(frames, store_frames):
    frames.metrics["cosine"] = np.where(frames.metrics["method"] == "forward_gaussian", 0.01, np.nan)
    figure, curves = cosines(store_frames(frames), **NAMES)
    assert set(curves["method"]) == {"forward_gaussian"}
    (promised,) = [
        line for line in figure.axes[0].get_lines() if len(set(line.get_ydata())) == 1 and line.get_zorder() == 1
    ]
    assert promised.get_ydata()[0] == pytest.approx(np.sqrt(2 / (np.pi * 15)))
