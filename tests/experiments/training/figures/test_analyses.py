"""Figures of times, budgets, norms and cosines: what they say and what they mark."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from forwardgrad.experiments.training.figures.budgets import budgets
from forwardgrad.experiments.training.figures.cosines import cosines
from forwardgrad.experiments.training.figures.curves import DRAWN, VALIDATED, drawn_metrics
from forwardgrad.experiments.training.figures.norms import norms
from forwardgrad.experiments.training.figures.times import times as draw_times

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


@pytest.fixture
def draw(store, summary_of):
    """A function that draws times beside the paper's or not."""

    def draw(times, paper_settings):
        summary = summary_of(times, paper_settings)
        return draw_times(store({"tables/students/times-summary": summary}), "students")[0]

    return draw


def test_times_mark_runs_that_never_got_there_and_the_papers_ratio(frames, draw, times_of):
    figure = draw(times_of(frames), paper_settings=True)
    lines = figure.axes[0].get_lines()
    censored = [line for line in lines if line.get_marker() == ">"]
    assert [line.get_xdata().tolist() for line in censored] == [[pytest.approx(3)], [pytest.approx(1)] * 3]
    stars = [line.get_xdata() for line in lines if line.get_marker() == "*"]
    assert stars == [[0.553]]
    shown = words(figure)
    assert "Forward gradient, Gaussian: 1 of 3 never" in shown
    assert "Baydin et al. (2022)" in shown
    assert "3 seeds per method" in shown


def test_times_of_runs_that_all_got_there_have_no_mark_for_others(frames, draw, times_of):
    times = times_of(frames)
    reached = times[times["reached"].astype(bool)]
    shown = words(draw(reached, paper_settings=False))
    assert "not reached" not in shown
    assert "Baydin" not in shown


def test_budgets_are_of_three_kinds_and_methods_of_one_variant(frames, store_frames):
    results = store_frames(frames)
    figure, curves = budgets(results, **NAMES, variant="own")
    assert [axes.get_xlabel().split(" (")[0] for axes in figure.axes] == [
        "Steps",
        "Forward-pass equivalents",
        "Seconds",
    ]
    last = curves[curves["method"] == "backprop"].iloc[-1]
    assert last[["step", "steps", "passes", "seconds"]].tolist() == pytest.approx([20, 20, 60, 0.02])
    assert set(curves["method"]) == {"backprop", "forward_gaussian"}
    assert "Every method at its own tuned learning rate" in words(figure)
    assert set(budgets(results, **NAMES, variant="slow")[1]["method"]) == {"forward_gaussian_slow"}


def test_norms_show_loss_and_weights(frames, store_frames):
    figure, curves = norms(store_frames(frames), **NAMES)
    assert set(curves["metric"]) == {"train_loss", "weight_norm"}
    assert "Norm of all weights" in words(figure)


def test_cosines_leave_out_backpropagation_and_show_the_formula(frames, store_frames):
    frames.metrics["cosine"] = np.where(frames.metrics["method"] == "forward_gaussian", 0.01, np.nan)
    figure, curves = cosines(store_frames(frames), **NAMES)
    assert set(curves["method"]) == {"forward_gaussian"}
    (promised,) = [
        line for line in figure.axes[0].get_lines() if len(set(line.get_ydata())) == 1 and line.get_zorder() == 1
    ]
    assert promised.get_ydata()[0] == pytest.approx(np.sqrt(2 / (np.pi * 15)))


def test_curves_show_validation_where_there_is_one(frames):
    assert drawn_metrics(frames.metrics) == VALIDATED
    assert drawn_metrics(frames.metrics.assign(validation_loss=np.nan)) == DRAWN
