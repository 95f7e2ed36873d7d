import itertools
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from forwardgrad import catalogue
from forwardgrad.experiments.training.figures.curves import DRAWN, curves, draw_curves
from forwardgrad.experiments.training.figures.steps_to_threshold import draw_thresholds, steps_to_threshold
from forwardgrad.experiments.training.figures.time_per_step import draw_costs, time_per_step
from forwardgrad.plotting import labels, style
from forwardgrad.results.curves import curve_table

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.95238, "0.952"), (1234.5, "1,230"), (0, "0"), (np.nan, "–"), (np.inf, "never"), (-7.59e-6, "-7.59 × 10⁻⁶")],
)
def test_numbers(value, text):
    assert labels.number(value).replace(NBSP, " ") == text


@pytest.mark.parametrize(("value", "text"), [(397.0, "397"), (375.5, "375.5"), (3000.0, "3,000"), (np.inf, "never")])
def test_counts(value, text):
    assert labels.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.5, "2.50 s"), (0.0123, "12.3 ms"), (4.95e-5, "49.5 µs"), (0.99999, "1,000 ms")]
)
def test_durations(value, text):
    assert labels.seconds(value).replace(NBSP, " ") == text


def test_quoted_numbers_keep_the_digits_that_were_published():
    assert labels.quoted_seconds("0.0810") == "81.0 ms"
    assert labels.quoted_seconds("1.2016") == "1.2016 s"
    assert labels.quoted("0.42-0.76") == "0.42–0.76"
    assert labels.signed(-0.5, labels.number) == "−0.500"


def test_every_key_has_a_label():
    assert set(labels.DATASETS) == set(catalogue.DATASETS)
    assert set(labels.MODELS) == set(catalogue.MODELS)
    assert set(labels.ESTIMATORS) == set(catalogue.ESTIMATORS)


def test_methods_are_labelled_by_what_they_add_to_their_estimator():
    assert labels.method("backprop", "backprop") == "Backpropagation"
    assert labels.method("backprop_low_rate", "backprop") == "Backpropagation, low rate"
    assert labels.method("backprop@0.0004", "backprop") == "Backpropagation, learning rate 0.0004"
    assert labels.method("faithful_backprop", "backprop") == "Backpropagation, as the students ran it"


def test_estimators_look_different_from_each_other_in_colour_and_in_form():
    for one, other in itertools.combinations([each.look for each in catalogue.ESTIMATORS.values()], 2):
        assert np.abs(np.subtract(to_rgb(one[0]), to_rgb(other[0]))).sum() > 0.3
        assert one[2] != other[2]


def test_a_method_keeps_its_estimators_colour_and_is_hollow():
    own, faithful = style.look("backprop", "backprop"), style.look("faithful_backprop", "backprop")
    assert own.color == style.INK
    assert own.color == faithful.color
    assert (own.face, faithful.face) == (own.color, style.PAPER)


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(plt.Text))


def draw(results, against="step"):
    frames = results.frames()
    return draw_curves(curve_table(frames.metrics, frames.runs, frames.costs, DRAWN), frames.runs, against, "Penguins")


def test_curves_say_how_many_seeds_and_how_many_diverged(two_methods):
    shown = texts(draw(two_methods)).replace("\n", " ")
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
    assert "Line: median of 1 seed; too few seeds for a band" in texts(draw(results)).replace("\n", " ")


def test_time_needs_a_measured_step(two_methods):
    figure = draw(two_methods, "seconds")
    assert figure.axes[-1].get_xlim()[1] == pytest.approx(9e-3, rel=0.05)
    two_methods.costs.clear()
    shown = texts(draw(two_methods, "seconds")).replace("\n", " ")
    assert "Without a measured time per step: backprop, forward_gaussian" in shown


def test_steps_to_the_threshold_mark_quoted_runs_and_name_the_missing(two_methods):
    runs = two_methods.frames().runs
    figure = draw_thresholds(runs, {("penguins", "students_lr", "backprop"): 399, ("mnist", "lr", "backprop"): 7})
    shown = texts(figure)
    assert "399" in shown
    assert "Forward gradient, Gaussian: 1 of 5 diverged" in shown
    assert labels.STUDENTS in shown
    assert labels.STUDENTS not in texts(draw_thresholds(runs, {}))


def test_a_cell_in_which_no_run_reaches_the_threshold_is_drawn(results):
    results.run(status="diverged", threshold=0.1)
    assert "1 of 1 diverged" in texts(draw_thresholds(results.frames().runs, {}))


def test_costs_show_each_method_with_its_value(two_methods):
    shown = texts(draw_costs(two_methods.frames().costs)).replace(NBSP, " ")
    assert "1.00 ms" in shown
    assert "3.00 ms" in shown
    assert "Palmer penguins: logistic regression 4-3, batch 250" in shown
    assert "step and gathering of its batch" in shown


def test_one_measurement_of_two_methods_is_shown_once(two_methods):
    costs = two_methods.frames().costs.assign(gathering=5e-4)
    again = costs[costs["method"] == "backprop"].assign(method="backprop_slow")
    axes = draw_costs(pd.concat([costs, again])).axes[0]
    gathered = [line.get_xdata()[0] for line in axes.get_lines() if line.get_markersize() == 11]
    assert gathered == pytest.approx([1.5, 3.5])


def test_nothing_is_clipped(two_methods):
    frames = two_methods.frames()
    quoted = {("penguins", "students_lr", "backprop"): 399}
    for figure in (draw(two_methods), draw_thresholds(frames.runs, quoted), draw_costs(frames.costs)):
        with style.style():
            figure.canvas.draw()
        width, height = figure.get_size_inches() * figure.dpi
        for text in figure.findobj(plt.Text):
            box = text.get_window_extent()
            if text.get_visible() and text.get_text() and box.width:
                inside = box.x0 > -1 and box.x1 < width + 1 and box.y0 > -1 and box.y1 < height + 1
                assert inside or text in [label for axes in figure.axes for label in axes.get_xticklabels()], text


def test_files_are_the_same_byte_for_byte(two_methods, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        style.save(draw(two_methods), two_methods.frames().runs, tmp_path / name / "figure")
    for suffix in ("svg", "png", "csv"):
        first, second = ((tmp_path / name / f"figure.{suffix}").read_bytes() for name in ("one", "two"))
        assert first == second
    assert not re.search(rb"20\d\d-\d\d-\d\d", (tmp_path / "one/figure.svg").read_bytes())


def test_coordinates_are_shortened_and_text_is_not():
    svg = '<path d="M 1.23456 -0.98765 L 3 4.5"/><text x="1.2345">0.001</text>'
    assert style.shorten(svg) == '<path d="M 1.23 -0.98 L 3 4.5"/><text x="1.23">0.001</text>'


def test_the_note_on_steps_says_how_many_seeds_there_are_at_least_and_at_most(two_methods):
    runs = two_methods.frames().runs
    fewer = runs[(runs["method"] != "backprop") | (runs["seed"] < 2)]
    assert "5 seeds per method" in texts(draw_thresholds(runs, {})).replace("\n", " ")
    assert "2 to 5 seeds per method" in texts(draw_thresholds(fewer, {})).replace("\n", " ")


def test_figures_read_the_frames_of_their_experiment(two_methods, store_frames):
    two_methods.run(model="lr")  # without a threshold
    results = store_frames(two_methods.frames())
    cell = {"experiment": "students", "dataset": "penguins", "model": "students_lr"}
    for axis, label in (("step", "Steps"), ("time", "Seconds")):
        figure, bands = curves(results, **cell, axis=axis)
        assert figure.axes[-1].get_xlabel().startswith(label)
        assert set(bands["method"]) == {"backprop", "forward_gaussian"}
    figure, runs = steps_to_threshold(results, "students")
    assert len(runs) == 10
    assert "399" in texts(figure)
    assert len(time_per_step(results, "students")[1]) == 2


@pytest.mark.parametrize(
    ("counts", "text"), [([20, 20], "20 seeds"), ([1], "1 seed"), ([3, 1200, 20], "3 to 1,200 seeds"), ([], "0 seeds")]
)
def test_counts_that_differ_are_told_by_their_ends(counts, text):
    assert labels.plurals(counts, "seed") == text
