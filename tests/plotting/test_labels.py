import numpy as np
import pytest

from forwardgrad import catalogue
from forwardgrad.plotting import labels

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


@pytest.mark.parametrize(
    ("counts", "text"), [([20, 20], "20 seeds"), ([1], "1 seed"), ([3, 1200, 20], "3 to 1,200 seeds"), ([], "0 seeds")]
)
def test_counts_that_differ_are_told_by_their_ends(counts, text):
    assert labels.plurals(counts, "seed") == text


def test_every_key_has_a_label():
    assert set(labels.DATASETS) == set(catalogue.DATASETS)
    assert set(labels.MODELS) == {*catalogue.MODELS, *catalogue.ARCHITECTURES}
    assert set(labels.ESTIMATORS) == set(catalogue.ESTIMATORS)


def test_methods_are_labelled_by_what_they_add_to_their_estimator():
    assert labels.method("backprop", "backprop") == "Backpropagation"
    assert labels.method("backprop_low_rate", "backprop") == "Backpropagation, low rate"
    assert labels.method("backprop@0.0004", "backprop") == "Backpropagation, learning rate 0.0004"
    assert labels.method("faithful_backprop", "backprop") == "Backpropagation, as the students ran it"
