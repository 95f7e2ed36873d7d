import json
import re
from functools import partial

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forwardgrad.experiments.shown import Shown
from forwardgrad.experiments.speed import section as speed_section
from forwardgrad.experiments.speed.regime import regimes
from forwardgrad.experiments.speed.tables import BUSY, checked, ratios
from forwardgrad.plotting import labels
from forwardgrad.report.markup import sentence
from forwardgrad.report.site import redo
from forwardgrad.results.folder import Results

from .conftest import parameters


@pytest.fixture(scope="module")
def results(frame, processes, root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("section")
    for part in ("tables/speed", "frames"):
        (folder / part).mkdir(parents=True)
    frame.to_csv(folder / "frames/speed.csv", index=False)
    processes.to_csv(folder / "frames/speed-processes.csv", index=False)
    twice = processes[(processes["process"] < 2) & (processes["model"] == "cnn") & (processes["batch_size"] == 64)]
    checked(twice.assign(clock="wall", threads=2.0)).to_csv(folder / "frames/speed-wall.csv", index=False)
    for table in (ratios, regimes):
        made = table(Results(folder, root / "report/quoted.csv"))
        made.to_csv(folder / f"tables/speed/{table.__name__}.csv", index=False)
    (folder / "frames/speed-provenance.json").write_text(json.dumps([{"device": "cpu", "runs": 6}]))
    return folder


@pytest.fixture(scope="module")
def section(results, load):
    figures = [{"stem": "cpu-cost"}, {"stem": "cpu-memory"}]
    return speed_section.gather(Shown("speed", load("config"), load("paper"), Results(results), figures))


@pytest.fixture(scope="module")
def page(root, section):
    """The section's text, without figures."""
    environment = Environment(
        loader=FileSystemLoader(root / "report/templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"labels": labels, "redo": partial(redo, [])}
    environment.filters |= {"sentence": sentence, "link": str}
    template = environment.get_template("experiments/speed.html.j2")

    def page(**changes):
        return " ".join(template.render(experiment=section | {"figures": []} | changes).split())

    return page


def test_the_papers_networks_are_there_with_its_numbers_beside_them(section):
    assert [network["label"] for network in section["networks"]] == [
        "MLP 784-1024-1024-10, batch 64, cpu",
        "CNN, 4 convolutions of 64, batch 64, cpu",
    ]
    assert [[row["ratio"] for row in network["paper"]] for network in section["networks"]] == [
        [0.586, 0.598],
        [0.649],
    ]


def test_memory_is_that_of_the_deepest_network(section):
    assert section["memory"]["depth"] == 50
    assert section["memory"]["forward_rank_one"] == pytest.approx(75 * 2**20 / (4 * parameters("mlp", 50)))


def test_figures_are_told_in_words(section):
    told = section["alternatives"]
    assert "0.50 (MLP), 0.50 (CNN) with rank-one tangents; 2.00 (MLP), 2.00 (CNN) by PyTorch" in told["cpu-cost"]
    assert "50 hidden layers: 150 MiB (Backpropagation), 75.0 MiB (Forward gradient, rank one)" in told["cpu-memory"]


def test_what_is_left_to_the_full_protocol(section):
    assert "logistic regression 784-10, batch 1,024" in section["left"]
    assert "MLP, hidden layers of 5,120, batch 64" in section["left"]
    assert "MLP, 100 hidden layers of 1,024, batch 64" in section["left"]
    assert "MLP 784-1024-1024-10, batch 64" not in section["left"]


def test_the_headline_holds_both_backpropagations(page):
    lead = page().split('<p class="lead">')[1].split("</p>")[0]
    # Over the library's, and 1.5 / 2.4 of the one by hand.
    assert list(map(float, re.findall(r"\d\.\d\d", lead)[:2])) == pytest.approx([0.5, 0.625], abs=0.0051)
    stock = page().split("In PyTorch’s own forward mode")[1].split("</p>")[0]
    assert re.findall(r"\d\.\d\d", stock)[0] == "2.00"


def test_it_says_that_no_gpu_was_measured_unless_one_was(page):
    absent = "<strong>On a GPU: not measured.</strong>"
    assert absent in page()
    assert "<code>make gpu</code>" in page()
    assert absent not in page(gpu=True)


def test_it_says_what_its_intervals_are_over(page, section):
    assert " 3 processes" in page()
    assert "in one process:" in page(processes=1)
    (jvp,) = [row for row in section["networks"][0]["rows"] if row["method"] == "jvp"]
    assert "<small>{low:.2f} to {high:.2f}</small>".format(**jvp) in page()
    network = section["networks"][0] | {"rows": [jvp | {"low": float("nan")}]}
    assert " to " not in page(networks=[network]).partition("R&nbsp;/&nbsp;R<sub>b</sub>")[2].partition("</tr>")[0]


def test_wall_times_are_shown_where_two_processes_agree(section, page):
    (network,) = section["wall"]
    rows = {row["method"]: row for row in network["rows"]}
    assert (network["threads"], rows["backprop"]["ratio_to_backprop"]) == (2, 1)
    assert rows["jvp"]["disagreement"] == pytest.approx(1.25)
    assert rows["jvp"]["note"] == BUSY
    assert f"not measured: {BUSY}" in page()


def test_a_row_says_by_what_it_was_computed(page, section):
    rows = [row for network in section["networks"] for row in network["rows"]]
    groups = {row["method"]: row["group"] for row in rows}
    assert groups["jvp"] != groups["forward_rank_one"]
    for row in rows:
        assert f"{row['label']}<small>{row['group']}</small>" in page()


def test_it_says_why_a_row_is_absent(page):
    assert "projection on 4: not measured. It waits for the host: use the CPU." in page()


def test_prose_without_measurements_claims_nothing(page):
    nothing = {key: [] for key in speed_section.SHOWN_IN_PROSE}
    text = page(headline=nothing, memory=None, networks=[], wall=[], unmeasured=[], left=[], regimes=[], sizes=None)
    assert not re.search(r"\d\.\d", text)
    assert '<p class="lead">' not in text


def test_it_tells_the_crossing_with_its_interval_and_both_errors(page):
    row = {"device": "cpu", "method": "forward_gaussian", "label": "Gaussian", "networks": 20, "worst": "a narrow CNN"}
    row |= {"overhead": 3.1, "rate": 36e9, "per_parameter": 4.4, "error": 0.11, "largest_error": 0.93}
    row |= {"two_terms_error": 0.31, "two_terms_largest_error": 0.96, "crossing_model": 36_000.0}
    row |= {"crossing": 17_123.0, "crossing_low": 8_123.0, "crossing_high": 35_123.0}
    ends = [
        {"parameters": size, "ratio_to_backprop": ratio, "batch_size": 64} for size, ratio in ((15, 0.3), (2e7, 1.6))
    ]
    sizes = {"smallest": ends[0], "largest": ends[1], "operations": 38.0, "operations_backprop": 50.0, "logistic": None}
    paper = [
        {"parameters": 7850, "paper": 0.0143, "seconds": 2e-4},
        {"parameters": 2e6, "paper": 0.0147, "seconds": 0.01},
    ]
    text = page(regimes=[row], sizes=sizes, paper_seconds=paper).split("Overhead and arithmetic</h2>")[1]
    for words in ("17,000", "8,100", "35,000", "0.30", "1.60", "38 against 50", "14.3", "14.7", "a narrow CNN"):
        assert words in text.split("</p>")[0]
    for cell in (
        "11&nbsp;%<small>93&nbsp;%</small>",
        "31&nbsp;%<small>96&nbsp;%</small>",
        "17,000<small>36,000</small>",
    ):
        assert f'<td class="n">{cell}</td>' in text
    edges = row | {"crossing": 0.0, "crossing_model": float("inf")}
    assert "at all sizes<small>at no size</small>" in page(regimes=[edges], sizes=None)
