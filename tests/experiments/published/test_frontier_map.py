"""The map: differences from backpropagation in points, by panel."""

import pandas as pd
import pytest

from forwardgrad.catalogue import HIDDEN
from forwardgrad.experiments.published.figures.frontier_map import METHODS, frontier_map
from forwardgrad.experiments.training.columns import PARETO

from ...drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words

TANGENTS = (1, 4, 16, 64, 256)


@pytest.fixture
def published(results):
    """Every method falls short by a point for each hidden layer, orthogonal tangents by the K-th part of it."""
    rows = []
    for model, (depth, _) in HIDDEN.items():
        short = {"backprop": 0.0} | dict.fromkeys(METHODS, depth / 100)
        short |= {f"activity_orthogonal_{count}": depth / 100 / count for count in TANGENTS}
        for method, by in short.items():
            row = dict.fromkeys(PARETO, 1.0) | {"dataset": "mnist5k", "model": model, "method": method}
            rows.append(
                row | {"estimator": method, "difference": -by, "low": -by - 0.01, "high": -by + 0.01, "pairs": 5}
            )
    folder = results.folder / "reference/paper"
    folder.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "map-pareto.csv", index=False)
    return results


def test_each_panel_varies_one_thing_and_shows_points(published):
    shown = frontier_map(published)[1].set_index("panel")
    tangents = shown.loc["tangents"]
    assert sorted(tangents["tangents"].unique()) == list(TANGENTS)
    assert tangents["difference"].tolist() == pytest.approx((-tangents["depth"] / tangents["tangents"]).tolist())
    assert set(shown.loc["depth", "width"]) == {256}
    assert sorted(shown.loc["depth", "depth"].unique()) == [1, 2, 4, 8]
    assert set(shown.loc["width", "depth"]) == {2}
    assert sorted(shown.loc["width", "width"].unique()) == [64, 256, 1024]


def test_lines_are_named_and_no_word_is_cut(published):
    figure, _ = frontier_map(published)
    assert {name.replace("\n", " ") for name in METHODS.values()} <= {
        text.replace("\n", " ") for text in _texts(figure)
    }
    assert "8 layers" in words(figure)
    check_that_nothing_is_clipped(figure)


def test_it_is_drawn_the_same_twice(published, tmp_path):
    check_that_files_are_the_same(lambda: frontier_map(published), tmp_path)


def _texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]
