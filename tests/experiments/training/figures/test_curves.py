import re

import pytest

from forwardgrad.experiments.training.figures.curves import curves, draw_curves
from forwardgrad.results.curves import curve_table

from ....drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words

DRAWN = ("test_loss", "test_accuracy")


def draw(results):
    frames = results.frames()
    return draw_curves(curve_table(frames.metrics, frames.runs, frames.costs, DRAWN), frames.runs, "Penguins")


def test_curves_say_how_many_seeds_and_how_many_diverged(two_methods):
    shown = words(draw(two_methods))
    assert "Line: median of 5 seeds; band: 10th to 90th percentile" in shown
    assert "Forward gradient, Gaussian: 1 of 5 diverged" in shown
    assert "Backpropagation:" not in shown


def test_a_diverged_run_does_not_decide_the_axis(two_methods):
    top = draw(two_methods).axes[0].get_ylim()[1]
    assert 2 <= top <= 6


def test_a_line_ends_with_a_cross_where_half_of_the_runs_have_diverged(results):
    for seed in range(4):
        results.run("forward_gaussian", seed, (2.0, 3.0, 2e4) if seed < 3 else (2.0, 1.0, 0.5, 0.4), "diverged")
    axes = draw(results).axes[0]
    (cross,) = [line for line in axes.get_lines() if line.get_marker() == "x"]
    assert cross.get_xdata() == [1]
    assert axes.get_ylim()[0] <= cross.get_ydata()[0] <= axes.get_ylim()[1]


def test_too_few_seeds_are_said(results):
    results.run()
    assert "Line: median of 1 seed; too few seeds for a band" in words(draw(results))


def test_nothing_is_clipped(two_methods):
    check_that_nothing_is_clipped(draw(two_methods))


def test_files_are_the_same_byte_for_byte_and_have_no_date(two_methods, tmp_path):
    check_that_files_are_the_same(lambda: (draw(two_methods), two_methods.frames().runs), tmp_path)
    assert not re.search(rb"20\d\d-\d\d-\d\d", (tmp_path / "one/figure.svg").read_bytes())


def test_curves_are_drawn_from_the_frames_of_their_experiment(two_methods, store_frames):
    results = store_frames(two_methods.frames())
    cell = {"experiment": "students", "dataset": "penguins", "model": "students_lr"}
    figure, bands = curves(results, **cell)
    assert figure.axes[-1].get_xlabel() == "Steps"
    assert set(bands["method"]) == {"backprop", "forward_gaussian"}


def test_the_axis_ends_where_the_usual_runs_have_long_ended(results):
    for seed in range(9):
        results.run("forward_gaussian", seed, (2.0,) * (60 if seed > 6 else 6))
    axes = draw(results).axes[0]
    assert axes.get_xlim()[1] == pytest.approx(3 * 5 * 1.02)
