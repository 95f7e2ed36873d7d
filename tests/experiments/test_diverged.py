"""A method that diverged costs no table and no figure: each is made, and says so where nothing can be drawn."""

import json
import math

import pandas as pd
import pytest

from forwardgrad.experiments.kinds import products
from forwardgrad.pipeline.cli import main

CELL = {"dataset": "mnist5k", "model": "mlp_256"}
NAMES = CELL | {"experiment": "students", "variant": "own", "axis": "step"}
METHODS = ("backprop", "forward_gaussian")
PRODUCTS = {what: [one for one in products(what) if one.kind == "training"] for what in ("TABLES", "FIGURES")}
FROM_THE_START = (math.nan,)
WITHOUT_A_NUMBER, TO_INFINITY, FAR_AWAY = ((2.0, 1.9, end) for end in (math.nan, math.inf, 1e38))
ENDS = {"from the start": [FROM_THE_START] * 3, "each in its way": [WITHOUT_A_NUMBER, TO_INFINITY, FAR_AWAY]}


def make(command, product, folder):
    """Make one table or figure; return its path."""
    path = folder / product.path.format(**NAMES)
    given = {"compared": {"against": "backprop"}, "paper_settings": {"paper_settings": True}}.get(product.given, {})
    assert main([command, str(path), "--results", str(folder), "--given", json.dumps(given)]) == 0, path
    return path


@pytest.fixture
def diverged(results, store_frames, losses):
    """Frames of two methods on one network, all runs of which diverged."""
    for method in METHODS:
        for seed, own in enumerate(losses):
            results.run(method, seed, own, "diverged", **CELL)
            results.run(f"{method}@0.1", seed, own, "diverged", method, **CELL)
    results.cost(dict.fromkeys(METHODS, 1e-3), "mlp_256", 64)
    return store_frames(results.frames()).folder


@pytest.mark.parametrize("losses", ENDS.values(), ids=ENDS)
def test_everything_is_made_though_every_run_diverged(diverged):
    for product in PRODUCTS["TABLES"]:
        make("table", product, diverged)
    for product in PRODUCTS["FIGURES"]:
        path = make("figure", product, diverged)
        assert path.with_suffix(".svg").stat().st_size > 0
        assert list(pd.read_csv(path.with_suffix(".csv")))


@pytest.mark.parametrize("losses", [[WITHOUT_A_NUMBER] * 3])
def test_a_figure_without_a_value_says_so(diverged):
    (product,) = [one for one in PRODUCTS["FIGURES"] if one.function == "cosines"]
    path = make("figure", product, diverged)
    assert path.with_suffix(".csv").read_text() == "nothing to draw\nno cosine is a number\n"
