"""Tables made by hand, figures, and the section of the report."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forwardgrad.experiments.functions import section as functions_section
from forwardgrad.experiments.functions import tables as outcomes
from forwardgrad.experiments.functions.columns import (
    CONTRACTED,
    CONTRACTION,
    DESCENT_COSTS,
    DESCENT_RUNS,
    DESCENTS,
    OUTCOMES,
)
from forwardgrad.experiments.functions.figures.cost import FORM, cost
from forwardgrad.experiments.functions.figures.loss import loss
from forwardgrad.experiments.functions.figures.paths import median_seed, paths
from forwardgrad.experiments.functions.figures.spheres import spheres
from forwardgrad.experiments.functions.plan import Case, cases, figures, files
from forwardgrad.experiments.shown import Shown
from forwardgrad.pipeline.validation import problems
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import NothingToDraw
from forwardgrad.report.markup import sentence, tex
from forwardgrad.results.reading import ResultError

from ...drawn import check_that_files_are_the_same, words

METHODS = ("gradient_descent", "forward_gaussian")
BEALE = Case("paper", "beale", "beale", (0.0, 0.5), 0.01, 0.0, 4, METHODS, 4)
SPHERE = Case("ours", "sphere_10", "sphere", (1.0,) * 10, 0.0417, 0.0, 4, METHODS, 4)


def descents(case):
    """Curves and runs: gradient descent halves the value; seeds end at 1, 2, 4 and the last diverges at step 2."""
    curves, runs = [], []
    for method in case.methods:
        for seed in case.seeds_of(method):
            lost = method != METHODS[0] and seed == 3
            end = 2 if lost else 4
            identity = {"source": case.source, "function": case.name, "method": method, "seed": seed}
            final = 9e9 if lost else 2.0**seed
            values = np.geomspace(16, final, end + 1)
            for step, value in enumerate(values):
                plane = (0.5 * step, 0.5 - 0.1 * seed * step) if case.dimensions == 2 else (np.nan, np.nan)
                curves.append(identity | {"step": step, "value": value, "x1": plane[0], "x2": plane[1]})
            outcome = {"status": "diverged" if lost else "completed", "steps": end, "initial": 16.0, "final": final}
            place = {
                "minimum": 0.0,
                "distance": float(seed),
                "trace": 2.0,
                "peak": values.max() / 16,
                "learning_rate": 0.01,
            }
            runs.append(identity | outcome | place | {"dimensions": case.dimensions})
    return pd.DataFrame(curves)[list(DESCENTS)], pd.DataFrame(runs)[list(DESCENT_RUNS)]


@pytest.fixture
def frames():
    curves, runs = zip(*map(descents, (BEALE, SPHERE)), strict=True)
    return pd.concat(curves, ignore_index=True), pd.concat(runs, ignore_index=True)


@pytest.fixture
def contraction():
    rows = []
    for method, limit in (("gradient_descent", 1.0), ("forward_gaussian", 1 / 12)):
        for seed in SPHERE.seeds_of(method):
            for fraction in (0.5, 1.0):
                expected = outcomes.expected_factor(method, fraction * limit, 10)
                identity = {"source": "ours", "function": "sphere_10", "method": method, "seed": seed, "dimensions": 10}
                factor = expected + 1e-3 * (seed - 1.5) * (method != METHODS[0])
                rows.append(identity | {"learning_rate": fraction * limit, "limit": limit, "factor": factor})
    return pd.DataFrame(rows)[list(CONTRACTION)]


@pytest.fixture
def costs():
    times = {"gradient_descent": 2e-4, "forward_gaussian": 4e-4, "forward_gaussian_dual": 1e-4}
    added = {"gradient_descent_added": 2e-4, "forward_gaussian_dual_added": 1e-4}
    rows = [
        {"source": "paper", "function": function, "method": method, "seconds_per_step": seconds, "low": 0.9 * seconds,
         "high": 1.1 * seconds, "processes": 4, "ratio": seconds / 2e-4, "ratio_low": 0.9 * seconds / 2e-4,
         "ratio_high": 1.1 * seconds / 2e-4}
        for function in ("beale", "rosenbrock")
        for method, seconds in (times | (added if function == "rosenbrock" else {})).items()
    ]  # fmt: skip
    return pd.DataFrame(rows)[list(DESCENT_COSTS)]


def test_diverged_descents_are_counted_and_worse_than_every_other(frames, store):
    table = outcomes.outcomes(store({"frames/functions-runs": frames[1]})).set_index(["function", "method"])
    assert list(table.reset_index().columns.sort_values()) == sorted(OUTCOMES)
    row = table.loc["beale", "forward_gaussian"]
    assert (row["runs"], row["diverged"], row["median"], row["lowest"], row["highest"]) == (4, 1, 3, 1, np.inf)
    assert row["peak"] == 1
    assert (row["quoted"], row["certainty"]) == (6e-5, "FIG")
    alone = table.loc["sphere_10", "gradient_descent"]
    assert (alone["runs"], alone["diverged"], alone["median"]) == (1, 0, 1)
    assert np.isnan(alone[["median_low", "quoted"]].to_numpy(float)).all()


def test_a_band_keeps_diverged_descents_as_infinite(frames):
    curves, runs = (outcomes.rows_of_case(frame, ("paper", "beale")) for frame in frames)
    bands = outcomes.bands(curves, runs).set_index(["method", "step"])
    assert bands.loc[("forward_gaussian", 1), "high"] < np.inf
    assert bands.loc[("forward_gaussian", 2), "high"] == np.inf
    assert bands.loc[("forward_gaussian", 4), "median"] == 3
    assert bands.loc[("gradient_descent", 4), "median"] == 1


def test_theory_is_told_beside_what_was_measured(contraction, store):
    table = outcomes.contraction(store({"frames/functions-contraction": contraction}))
    assert list(table.columns) == list(CONTRACTED)
    assert table["factor"].tolist() == pytest.approx(table["expected"].tolist())
    at_limit = table[np.isclose(table["learning_rate"], table["limit"])]
    assert at_limit["expected"].tolist() == pytest.approx([1, 1])
    assert functions_section.agreeing(table) == table["low"].notna().sum() == 2


def test_published_ratios_of_times_stand_beside_ours(costs, store):
    table = outcomes.costs(store({"frames/functions-costs": costs})).set_index(["function", "method"])
    assert table.loc[("beale", "forward_gaussian"), "published"] == 0.87
    assert table.loc[("rosenbrock", "forward_gaussian"), "published"] == 0.74
    assert np.isnan(table.loc[("rosenbrock", "gradient_descent"), "published"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [("", "cannot be read"), ("source,seed\n", "lacks the column function"), (None, "is missing")],
)
def test_a_broken_file_is_one_line_that_says_how_to_make_it_again(tmp_path, text, fault):
    path = tmp_path / "beale.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ResultError) as error:
        outcomes.write_frames(tmp_path, [], [path], [], [], [])
    assert fault in str(error.value)
    assert str(error.value).endswith(f"to make it again, delete {path} and run the same command")
    assert "\n" not in str(error.value)


# Figures.


@pytest.fixture
def draw(frames, contraction, costs, store):
    """A function that draws a figure: of the case `beale` if it is one of a case."""
    results = store(
        {
            "frames/functions": frames[0],
            "frames/functions-runs": frames[1],
            "frames/functions-costs": costs,
            "frames/functions-contraction": contraction,
        }
    )
    store({"tables/functions/contraction": outcomes.contraction(results)})
    beale = {"source": "paper", "function": "beale", "case": BEALE.to_json()}
    return lambda figure, **given: figure(results, **((beale if figure in (loss, paths) else {}) | given))


@pytest.mark.parametrize("entry", [loss, paths, spheres, cost])
def test_files_are_the_same_byte_for_byte(entry, draw, tmp_path):
    check_that_files_are_the_same(lambda: draw(entry), tmp_path)


def test_diverged_descents_are_told_in_the_figures(draw):
    for entry in (loss, paths):
        assert "diverged" in words(draw(entry)[0])
    figure, _ = draw(loss)
    assert "Forward gradient, Gaussian: 1 of 4 diverged" in words(figure)
    stars = [line for line in figure.axes[0].get_lines() if line.get_marker() == "*"]
    assert [line.get_ydata()[0] for line in stars] == [6e-5]


def test_a_start_where_the_function_is_not_finite_cannot_be_drawn(draw):
    with pytest.raises(NothingToDraw, match="around the start the function is not finite"):
        draw(paths, case=replace(BEALE, start=(1e200, 1.0)).to_json())


def test_the_path_that_stands_out_is_the_median_one(frames):
    assert median_seed(outcomes.rows_of_case(frames[1], ("paper", "beale"))) == 1


def test_the_papers_ratio_is_marked_on_our_step(draw):
    figure, _ = draw(cost)
    for axes, ratio in zip(figure.axes, (0.87, 0.74), strict=True):
        marks = [line.get_xdata()[0] for line in axes.get_lines() if line.get_markersize() == FORM["markersize"]]
        assert marks == pytest.approx([ratio * 200] * len(marks))
        assert len(marks) >= 2
    assert "\u00d7 0.50" in words(figure)


# Configuration and section.


def test_cases_are_those_of_the_configuration(preset, schema):
    found = cases(preset)
    assert problems(preset, schema) == []
    assert len({case.path for case in found}) == len(found)
    for case in found:
        assert Case.from_json(case.to_json()) == case
    stems = {path.rsplit("/")[-1] for path in figures(preset)}
    assert {f"{case.source}-{case.name}-paths.svg" for case in found if case.source == "paper"} <= stems
    assert len(files(preset, ".csv")) == len(found)


def test_null_leaves_a_case_out(load):
    config = load("config")
    config["functions"]["cases"] |= {"gallo": None}
    config["functions"]["cases"]["paper"]["beale"] = None
    assert {case.path for case in cases(config) if case.source != "ours"} == {"paper/rosenbrock"}


def test_names_and_dimensions_are_checked_with_the_configuration(load, schema):
    config = load("config")
    config["functions"]["methods"] = ["gradient_decent"]
    config["functions"]["cases"]["paper"] = {"beal": {"start": [0, 1], "learning_rate": 1, "steps": 1}}
    config["functions"]["cases"]["gallo"]["trid"]["start"] = [1, 2, 3]
    config["functions"]["cases"]["ours"]["product"] |= {"start": [1, 2, 3], "repeat": 3, "methods": ["two_point_spher"]}
    del config["functions"]["cases"]["ours"]["product"]["difference"]
    config["experiments"]["functions"] = config["experiments"]["students"]
    assert problems(config, schema) == [
        "experiments.functions: allowed is another name, this one is that of a kind of experiment",
        "functions.methods[0] = 'gradient_decent': unknown method; did you mean gradient_descent?",
        "functions.cases.paper.beal.function = 'beal': unknown function; did you mean beale?",
        "functions.cases.gallo.trid.start: trid takes 2 coordinates, not 3",
        "functions.cases.ours.product.start: product takes a multiple of 2 coordinates, not 9",
        "functions.cases.ours.product.methods[0] = 'two_point_spher': unknown method; did you mean two_point_gaussian?",
        "functions.cases.ours.product.difference is missing: the step of the two-point differences, such as 0.1",
    ]


def test_the_section_says_what_diverged_and_what_steps_cost(root, load, frames, contraction, costs, store):
    measured = {"runs": frames[1], "contraction": contraction, "costs": costs}
    results = store({f"frames/functions-{name}": frame for name, frame in measured.items()})
    for make in (outcomes.outcomes, outcomes.contraction, outcomes.costs):
        store({f"tables/functions/{make.__name__}": make(results)})
    (results.folder / "frames/functions-provenance.json").write_text(json.dumps([{"device": "cpu", "runs": 10}]))
    config = load("config")
    chosen = config["functions"]["cases"]
    config["functions"]["cases"] = {
        "paper": {"beale": chosen["paper"]["beale"]},
        "ours": {"sphere_10": chosen["ours"]["sphere_10"]},
    }
    section = functions_section.gather(Shown("functions", config, config, results, []))
    environment = Environment(
        loader=FileSystemLoader(root / "report/templates"), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"labels": labels, "redo": str}
    environment.filters |= {"sentence": sentence, "tex": tex, "link": str}
    page = environment.get_template("experiments/functions.html.j2").render(experiment=section)
    text = " ".join(page.split())
    assert "2 of 10 runs" in text
    assert "1 diverged (5 to 70" in text
    published, _, measured = text.partition("<code>torch.autograd.forward_ad</code>")
    assert re.findall(r"0\.\d\d\b", published)[-2:] == ["0.87", "0.74"]
    assert re.findall(r"0\.\d\d\b", measured)[:2] == ["0.50", "0.50"]
    assert "0.0833 in 10 dimensions" in text
