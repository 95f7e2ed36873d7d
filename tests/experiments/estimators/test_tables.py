"""Estimates of one gradient: what is made of them, from rows written by hand."""

from functools import partial

import pandas as pd
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forwardgrad.experiments.estimators import plan as estimation
from forwardgrad.experiments.estimators import section as estimators_section
from forwardgrad.experiments.estimators.columns import CLOUD, ESTIMATORS, SAMPLED, VARIANCE
from forwardgrad.experiments.estimators.figures.closing import SHOWN as CLOSING
from forwardgrad.experiments.estimators.figures.closing import closing
from forwardgrad.experiments.estimators.figures.cloud import SHOWN as CLOUDS
from forwardgrad.experiments.estimators.figures.cloud import cloud
from forwardgrad.experiments.estimators.figures.moments import moments
from forwardgrad.experiments.estimators.tables import inside, join, relative, summary
from forwardgrad.experiments.shown import Shown
from forwardgrad.pipeline.cli import parser
from forwardgrad.pipeline.validation import problems
from forwardgrad.plotting import labels
from forwardgrad.report.markup import sentence, tex
from forwardgrad.report.site import redo
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import ResultError

from ...drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words
from ...synthetic import seal

KEYS = tuple(dict.fromkeys([*CLOSING, *CLOUDS, "forward_blockwise_standardised", "forward_rank_four"]))
# Measured, standard error, degrees of freedom and formula of each quantity: one agrees, one does not, one has none.
QUANTITIES = {
    "along": (1.1, 0.1, 99, 1.0),
    "second_moment": (20.0, 1.0, 99, 10.0),
    "cosine": (0.2, 0.01, 99, ""),
    "cosine_squared": (0.05, 0.01, 99, 0.05),
    "bias": (-0.01, 0.02, 9, 0.0),
}


def rows(key):
    """The rows of one estimator, as a job writes them."""
    for quantity, (measured, error, freedom, formula) in QUANTITIES.items():
        yield key, quantity, measured, error, freedom, 100, formula
    for size in (1, 2, 4, 64):
        yield key, "distance", 3.1 / size**0.5, "", "", size, 3 / size**0.5


@pytest.fixture
def paths(tmp_path):
    """What two networks' jobs write."""
    made = []
    for model, parameters in (("lr", 7850), ("students_mlp", 867)):
        path = tmp_path / f"{model}.csv"
        frame = pd.DataFrame([row for key in KEYS for row in rows(key)], columns=list(SAMPLED))
        frame.to_csv(path, index=False)
        points = [(key, draw, 1 + 0.1 * draw, 0.2 * draw - 1) for key in KEYS for draw in range(10)]
        pd.DataFrame(points, columns=list(CLOUD)).to_csv(tmp_path / f"{model}-cloud.csv", index=False)
        record = {"model": model, "parameters": parameters, "device": "cpu", "commit": "abc"}
        seal(tmp_path / f"{model}-record.json", record, f"{model}.csv", f"{model}-cloud.csv")
        made.append(path)
    return made


@pytest.fixture
def joined(paths):
    frame, clouds, _ = join(paths)
    return frame, clouds


def test_the_frame_has_intervals_by_students_law(paths):
    frame, clouds, made = join(paths)
    assert list(frame.columns) == list(ESTIMATORS)
    row = frame[(frame["network"] == "lr") & (frame["quantity"] == "bias")].iloc[0]
    assert (row["low"], row["high"]) == (pytest.approx(-0.01 - 2.262 * 0.02, abs=1e-4), pytest.approx(0.0352, abs=1e-4))
    assert frame.loc[frame["quantity"] == "distance", ["low", "high"]].isna().all(axis=None)
    assert list(clouds.columns) == ["network", *CLOUD]
    assert [(one["device"], one["runs"]) for one in made] == [("cpu", 2)]


def test_the_share_that_points_uphill_has_wilsons_interval(paths):
    rows = pd.read_csv(paths[0])
    uphill = rows.iloc[:1].assign(quantity="uphill", measured=0.0, error=None, freedom=None, draws=4000, formula=None)
    pd.concat([rows, uphill]).to_csv(paths[0], index=False)
    seal(paths[0].with_name("lr-record.json"), {"model": "lr", "parameters": 7850}, "lr.csv", "lr-cloud.csv")
    (row,) = join(paths)[0].query("quantity == 'uphill'").to_dict("records")
    assert (row["low"], row["high"]) == (pytest.approx(0), pytest.approx(3.8415 / 4003.8415, rel=1e-4))


@pytest.mark.parametrize(
    ("content", "fault"),
    [(None, "is missing"), ("", "cannot be read"), ("a,b\n1,2\n", "has other columns than")],
)
def test_a_broken_file_is_one_line_with_its_remedy(paths, content, fault):
    paths[0].unlink()
    if content is not None:
        paths[0].write_text(content)
    with pytest.raises(ResultError, match=rf"lr\.csv {fault}.*delete .*lr\.csv and run"):
        join(paths)


def test_no_network_makes_an_empty_frame():
    frame, clouds, made = join([])
    assert list(frame.columns) == list(ESTIMATORS)
    assert (len(frame), len(clouds), made) == (0, 0, [])
    assert inside(frame) == (0, 0)


def test_ratios_are_of_what_has_a_formula_that_is_not_zero(joined):
    found = relative(joined[0])
    assert set(found["quantity"]) == {"along", "second_moment", "cosine_squared"}
    assert found.loc[found["quantity"] == "second_moment", "ratio"].tolist() == [2.0] * 2 * len(KEYS)


def test_agreement_is_counted_where_there_is_a_formula(joined):
    networks = 2 * len(KEYS)
    assert inside(joined[0]) == (3 * networks, 4 * networks)  # all but the second moment


def test_the_table_has_a_row_for_every_network_and_estimator(stored):
    table = summary(stored)
    assert len(table) == 2 * len(KEYS)
    row = table.iloc[0]
    assert (row["network"], row["n"], row["estimator"], row["draws"]) == ("lr", 7850, "forward_gaussian", 100)
    assert (row["second_moment"], row["second_moment_formula"]) == (20, 10)
    assert pd.isna(row["cosine_formula"])


@pytest.fixture
def stored(joined, store):
    return store({"frames/estimators": joined[0], "frames/estimators-clouds": joined[1]})


def test_every_estimator_is_drawn_over_its_formula_for_every_network(stored):
    figure, shown = moments(stored)
    assert len(figure.axes) == 3
    for axes in figure.axes:
        marks = [line for line in axes.get_lines() if line.get_marker() not in ("None", "", None)]
        assert len(marks) == 2 * len(KEYS)
    assert "MLP 4-64-8-3: 867 parameters" in words(figure)
    assert set(shown["quantity"]) == {"along", "second_moment", "cosine_squared"}


def test_the_mean_closes_in_beside_its_formula(stored):
    figure, shown = closing(stored)
    assert set(shown["estimator"]) == set(CLOSING)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "MLP 4-64-8-3: 867 parameters", "logistic regression 784-10: 7,850 parameters",
    ]  # fmt: skip
    (line,) = [line for line in figure.axes[0].get_lines() if line.get_label() == labels.ESTIMATORS["activity"]]
    assert line.get_ydata()[2] == pytest.approx(3.1 / 2)


def test_the_cloud_is_of_the_smallest_network(stored):
    figure, shown = cloud(stored)
    assert set(shown["network"]) == {"students_mlp"}
    assert len(figure.axes) == len(CLOUDS)
    assert "867 parameters" in words(figure)


@pytest.mark.parametrize("entry", [moments, closing, cloud])
def test_nothing_is_clipped_and_files_are_the_same_byte_for_byte(stored, tmp_path, entry):
    check_that_nothing_is_clipped(entry(stored)[0])
    check_that_files_are_the_same(lambda: entry(stored), tmp_path)


@pytest.fixture
def section(joined, tmp_path, load):
    folder = tmp_path / "results/frames"
    folder.mkdir(parents=True)
    joined[0].to_csv(folder / "estimators.csv", index=False)
    joined[0].iloc[:0].assign(problem=[], formula=[]).to_csv(folder / "estimators-curvature.csv", index=False)
    pd.DataFrame(columns=list(VARIANCE)).to_csv(folder / "estimators-variance.csv", index=False)
    (folder / "estimators-provenance.json").write_text("[]")
    figures = [{"stem": name} for name in ("moments", "closing", "cloud")]
    results = Results(tmp_path / "results")
    return estimators_section.gather(Shown("estimators", load("config"), load("paper"), results, figures))


def test_the_section_counts_what_agrees_and_tells_figures_in_words(section):
    assert (section["agreeing"], section["judged"]) == (6 * len(KEYS), 8 * len(KEYS))
    assert [network["n"] for network in section["networks"]] == [867, 7850]
    assert section["alternatives"]["moments"].startswith("Measured second moments are ")
    assert any(text.startswith("MLP 784-256-10: 10,000 tangents") for text in section["left"])


def test_the_page_shows_every_row_and_says_how_many_agree(root, section):
    environment = Environment(
        loader=FileSystemLoader(root / "report/templates"), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.globals |= {"labels": labels, "redo": partial(redo, [])}
    environment.filters |= {"sentence": sentence, "tex": tex, "link": str}
    template = environment.get_template("experiments/estimators.html.j2")
    page = " ".join(template.render(experiment=section | {"figures": []}).split())
    assert f"{6 * len(KEYS)} of {8 * len(KEYS)} intervals" in page
    for key in KEYS:
        assert page.count(labels.ESTIMATORS[key] + "</th>") == 2
    assert "nan" not in page
    empty = section | {"figures": [], "networks": [], "agreeing": 0, "judged": 0}
    assert "0 of 0 intervals" in " ".join(template.render(experiment=empty).split())


def test_every_preset_gives_sound_commands(preset, schema):
    assert problems(preset, schema) == []
    for dataset, model in estimation.networks(preset):
        given = estimation.arguments(preset, dataset, model).split()
        options = parser().parse_args(["estimates", *given, "--data", "x.npz", "--output", "rows.csv"])
        assert options.estimators == preset["estimators"]["estimators"]
        assert (options.dataset, options.model) == (dataset, model)


def test_networks_are_those_that_fit_a_data_set(load):
    assert estimation.networks(load("config")) == [
        ("penguins", "students_mlp"), ("mnist5k", "lr"), ("mnist5k", "mlp_256"),
    ]  # fmt: skip


def test_names_that_nothing_has_are_said(load, schema):
    config = load("config")
    config["estimators"] |= {"datasets": ["penguin"], "draws": {"lrr": 3}, "estimators": ["activty"]}
    assert problems(config, schema) == [
        "estimators.datasets[0] = 'penguin': unknown data set; did you mean penguins?",
        "estimators.estimators[0] = 'activty': unknown estimator; did you mean activity?",
        "estimators.draws.lrr: unknown model; did you mean lr?",
    ]
