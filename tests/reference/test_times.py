import math

import numpy as np
import pandas as pd
import pytest

from forwardgrad.reference import times


def ratios(*rows):
    return pd.DataFrame(rows, columns=["ratio", "low", "high"])


def test_widths_of_both_intervals_and_of_two_published_runs_add_in_squares():
    wide = ratios((1.0, math.exp(-0.03), math.exp(0.03)))
    narrow = ratios((math.exp(0.1), math.exp(0.1 - 0.04), math.exp(0.1 + 0.04)))
    assert times.apart(wide, narrow, 0.0).tolist() == pytest.approx([0.1 / 0.05])
    assert times.apart(narrow, wide, 0.12).tolist() == pytest.approx([0.1 / 0.13])


def test_without_an_interval_a_factor_is_allowed():
    unknown = ratios((1.0, np.nan, np.nan))
    assert times.width(unknown).tolist() == pytest.approx([math.log(times.WIDTHLESS)])
    allowed = math.hypot(math.log(times.WIDTHLESS), math.log(times.WIDTHLESS))
    other = ratios((math.exp(allowed), np.nan, np.nan))
    assert times.apart(unknown, other, 0.0).tolist() == pytest.approx([1])


def test_two_published_runs_differ_as_far_as_their_most_different_ratio():
    one = pd.DataFrame({"model": ["lr", "mlp", "cnn"], "ratio": [1.0, 2.0, 9.0]})
    other = pd.DataFrame({"model": ["mlp", "lr"], "ratio": [2.2, 0.95]})
    assert times.between_runs(one, other, ["model"]) == pytest.approx(math.log(1.1))
    assert times.between_runs(one, other.iloc[:0], ["model"]) == 0
