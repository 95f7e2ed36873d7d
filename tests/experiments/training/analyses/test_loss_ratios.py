import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

from forwardgrad.experiments.training.analyses.loss_ratios import LOSS_RATIOS, loss_ratios, place
from forwardgrad.experiments.training.figures.loss_ratios import loss_ratios as draw_loss_ratios


@pytest.fixture
def pairs(results):
    """Four seeds; twice and half and twice and half the loss, and always the same share less."""
    for seed, loss in enumerate((1.0, 2.0, 3.0, 4.0)):
        results.run("forward_gaussian", seed, (2.0, loss))
        results.run("forward_rademacher", seed, (2.0, loss * 2 ** (1 if seed % 2 else -1)))
        results.run("forward_rank_one", seed, (2.0, 0.98 * loss), rate=0.3)
    return results


@pytest.fixture
def ratios_to(results, store_frames):
    """A function that returns the ratios of the runs so far to the method that it is given."""
    return lambda against: loss_ratios(store_frames(results.frames()), "students", against)


def test_ratios_by_hand(pairs, ratios_to):
    table = ratios_to("forward_gaussian")
    assert list(table) == list(LOSS_RATIOS)
    signs, rank_one = table.to_dict("records")
    # 1/2, 2, 1/2, 2: their geometric mean is 1; Student's t is 3.1824 for three degrees of freedom.
    reach = 3.182446 * np.log(2) * np.sqrt(4 / 3) / 2
    assert signs["ratio"] == pytest.approx(1)
    assert (signs["low"], signs["high"]) == pytest.approx((np.exp(-reach), np.exp(reach)))
    assert (signs["pairs"], signs["diverged"], signs["place"]) == (4, 0, "overlaps")
    # Every pair has the ratio 0.98, so the interval has no width.
    assert (rank_one["ratio"], rank_one["low"], rank_one["high"]) == pytest.approx((0.98, 0.98, 0.98))
    assert (rank_one["place"], rank_one["learning_rate"], rank_one["learning_rate_against"]) == ("inside", 0.3, 0.2)


def test_exchanging_the_methods_inverts_the_ratio(pairs, ratios_to):
    one = ratios_to("forward_gaussian").set_index("method").loc["forward_rank_one", "ratio"]
    other = ratios_to("forward_rank_one").set_index("method").loc["forward_gaussian", "ratio"]
    assert one * other == pytest.approx(1)


def test_a_diverged_run_has_no_ratio_and_is_counted(pairs, ratios_to):
    pairs.run("forward_gaussian", 4, (2.0, 2e4), "diverged")
    pairs.run("forward_rademacher", 4)
    pairs.run("forward_rank_one", 4, (2.0, 2e4), "diverged")
    table = ratios_to("forward_gaussian")
    assert table["pairs"].tolist() == [4, 4]
    assert table["diverged"].tolist() == [1, 1]


def test_two_pairs_have_no_interval_and_no_place(results, ratios_to):
    for seed in range(2):
        results.run("forward_gaussian", seed, (2.0, 1.0))
        results.run("forward_rank_one", seed, (2.0, 3.0))
    (row,) = ratios_to("forward_gaussian").to_dict("records")
    assert row["ratio"] == pytest.approx(3)
    assert math.isnan(row["low"])
    assert row["place"] == ""


def test_a_cell_without_the_method_has_no_rows(pairs, ratios_to):
    assert ratios_to("backprop").empty


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.95, 1.05, "inside"), (0.94, 1.0, "overlaps"), (0.9, 1.1, "overlaps"), (0.5, 0.9, "outside"),
        (1.06, 2.0, "outside"), (1.05, 2.0, "overlaps"), (np.nan, np.nan, ""),
    ],
)  # fmt: skip
def test_places(low, high, expected):
    assert place(low, high) == expected


def test_the_figure_shows_ratios_against_the_band(pairs, store, ratios_to):
    pairs.run("forward_gaussian", 4, (2.0, 2e4), "diverged")
    pairs.run("forward_rank_one", 4)
    ratios = ratios_to("forward_gaussian")
    figure, _ = draw_loss_ratios(store({"tables/students/loss-ratios": ratios}), "students")
    (axes,) = figure.axes
    assert axes.get_xlim()[0] < 0.5
    assert axes.get_xlim()[1] > 2
    shown = "\n".join(text.get_text() for text in figure.findobj(plt.Text)).replace("\n", " ")
    assert "0.95 to 1.05" in shown
    assert "0.980" in shown
    assert "Forward gradient, rank one: 1 of 5 diverged" in shown
    plt.close(figure)


def test_without_any_ratio_the_figure_is_still_drawn(results, store, ratios_to):
    results.run("forward_gaussian", 0, (2.0, 2e4), "diverged")
    results.run("forward_rank_one", 0)
    ratios = ratios_to("forward_gaussian")
    figure, _ = draw_loss_ratios(store({"tables/students/loss-ratios": ratios}), "students")
    shown = "\n".join(text.get_text() for text in figure.findobj(plt.Text))
    assert "Forward gradient, rank one: 1 of 1 diverged" in shown
    plt.close(figure)
