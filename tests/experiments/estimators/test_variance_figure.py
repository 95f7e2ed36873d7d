"""The figure of the variance: a panel for everything that is varied."""

import pandas as pd
import pytest

from forwardgrad.experiments.estimators.figures.variance import PANELS, variance
from forwardgrad.experiments.estimators.variance import SWEEPS, tangents_of
from forwardgrad.results.folder import Results

from ...drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words


@pytest.fixture
def measured(results):
    rows = [
        {
            "sweep": sweep, "estimator": key, "network": network, "depth": int(network[4]), "width": 256,
            "batch_size": size, "steps": steps, "tangents": tangents_of(key), "measured": 5.0, "low": 4.0, "high": 6.0,
            "formula": 0.0 if tangents_of(key) == 256 else 5.5, "draws": 9,
        }
        for sweep, cases in SWEEPS.items()
        for key, network, size, steps in cases
    ]  # fmt: skip
    (results.folder / "frames").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(results.folder / "frames/estimators-variance.csv", index=False)
    return Results(results.folder)


def test_every_sweep_has_a_panel_that_says_what_it_varies(measured):
    figure, shown = variance(measured)
    assert set(shown["sweep"]) == set(PANELS) == set(SWEEPS)
    assert [axes.get_xlabel() for axes in figure.axes] == list(PANELS.values())
    assert "MLP, 2 hidden layers of 256, 64 examples, 0 steps" in words(figure)
    check_that_nothing_is_clipped(figure)


def test_it_is_drawn_the_same_twice(measured, tmp_path):
    check_that_files_are_the_same(lambda: variance(measured), tmp_path)
