from forwardgrad.experiments.training.figures.steps_to_threshold import draw_thresholds, steps_to_threshold
from forwardgrad.plotting import labels

from ....drawn import check_that_nothing_is_clipped, words


def test_steps_to_the_threshold_mark_quoted_runs_and_name_the_missing(two_methods):
    runs = two_methods.frames().runs
    figure = draw_thresholds(runs, {("penguins", "students_lr", "backprop"): 399, ("mnist", "lr", "backprop"): 7})
    shown = words(figure)
    assert "399" in shown
    assert "Forward gradient, Gaussian: 1 of 5 diverged" in shown
    assert labels.STUDENTS in shown
    assert labels.STUDENTS not in words(draw_thresholds(runs, {}))


def test_a_cell_in_which_no_run_reaches_the_threshold_is_drawn(results):
    results.run(status="diverged", threshold=0.1)
    assert "1 of 1 diverged" in words(draw_thresholds(results.frames().runs, {}))


def test_the_note_on_steps_says_how_many_seeds_there_are_at_least_and_at_most(two_methods):
    runs = two_methods.frames().runs
    fewer = runs[(runs["method"] != "backprop") | (runs["seed"] < 2)]
    assert "5 seeds per method" in words(draw_thresholds(runs, {}))
    assert "2 to 5 seeds per method" in words(draw_thresholds(fewer, {}))


def test_nothing_is_clipped(two_methods):
    quoted = {("penguins", "students_lr", "backprop"): 399}
    check_that_nothing_is_clipped(draw_thresholds(two_methods.frames().runs, quoted))


def test_what_has_no_threshold_is_left_out_and_quoted_steps_are_read(two_methods, store_frames):
    two_methods.run(model="lr")  # without a threshold
    figure, runs = steps_to_threshold(store_frames(two_methods.frames()), "students")
    assert len(runs) == 10
    assert "399" in words(figure)
