import pandas as pd
import pytest

from forwardgrad.experiments.training.figures.time_per_step import draw_costs, time_per_step

from ....drawn import check_that_nothing_is_clipped, words


def test_costs_show_each_method_with_its_value(two_methods):
    shown = words(draw_costs(two_methods.frames().costs))
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


def test_a_step_that_was_not_measured_is_not_drawn(two_methods):
    two_methods.run("spsa")
    costs = two_methods.frames().costs
    assert len(costs) == 3
    assert "SPSA" not in words(draw_costs(costs))


def test_nothing_is_clipped(two_methods):
    check_that_nothing_is_clipped(draw_costs(two_methods.frames().costs))


def test_costs_are_read_from_the_frames_of_their_experiment(two_methods, store_frames):
    assert len(time_per_step(store_frames(two_methods.frames()), "students")[1]) == 2
