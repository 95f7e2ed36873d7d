import re
from functools import partial

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from forwardgrad.experiments.networks.figures.cost_and_memory import cost_and_memory
from forwardgrad.experiments.networks.section import gather
from forwardgrad.experiments.shown import Shown
from forwardgrad.files import write_json
from forwardgrad.plotting import labels
from forwardgrad.report.markup import sentence
from forwardgrad.report.site import redo

from ...drawn import check_that_files_are_the_same, check_that_nothing_is_clipped, words
from .conftest import SIZES


@pytest.fixture
def section(results, load):
    config = load("config")
    config["networks"] |= SIZES
    write_json(results.folder / "frames/networks-provenance.json", [{"device": "cpu", "runs": 6}])
    return gather(Shown("networks", config, config, results, [{"stem": "cost-and-memory"}]))


@pytest.fixture
def page(root, section):
    """The section's text, without figures."""
    environment = Environment(loader=FileSystemLoader(root / "report/templates"), undefined=StrictUndefined)
    environment.globals |= {"labels": labels, "redo": partial(redo, [])}
    environment.filters |= {"sentence": sentence, "link": str}
    template = environment.get_template("experiments/networks.html.j2")
    return lambda **changes: " ".join(template.render(experiment=section | {"figures": []} | changes).split())


def test_networks_and_their_extremes(section):
    assert [network["label"] for network in section["networks"]] == [
        "ResNet-18, 64 x 64 pixels",
        "GPT, 4 layers of 256",
    ]
    assert section["extremes"]["forward_rank_one"] == {"ratio_to_backprop": (0.75, 0.75), "peak_ratio": (0.25, 0.25)}
    assert (section["processes"], section["noted"]) == (3, [])


def test_the_page_has_the_numbers(page):
    text = page()
    assert "takes 0.75 of the time of a backpropagation step, and 0.25 of its peak memory" in text
    assert text.count("<table>") == 2
    assert text.count('<td class="n">1.250<small>1.125 to 1.500</small></td>') == 2
    assert "64.0&nbsp;MiB" in text
    assert "snakemake --cores all networks" in text


def test_a_remark_stands_below_the_table(page):
    noted = [{"model": "gpt", "label": "torchzero", "seconds": 0.1, "note": "with a remark"}]
    assert "GPT, 4 layers of 256, torchzero: With a remark." in page(noted=noted)
    assert "torchzero: not measured. With a remark." in page(noted=[noted[0] | {"seconds": float("nan")}])


def test_the_figure_in_words(section):
    told = section["alternatives"]["cost-and-memory"]
    assert re.findall(r"\d\.\d\d", told) == ["0.75", "0.75", "0.25", "0.25"]


def test_the_figure_shows_the_cheapest_first_and_bold_what_is_below_one(results):
    figure, data = cost_and_memory(results, **SIZES)
    shown = words(figure)
    assert shown.index("rank one") < shown.index("Activity") < shown.index("checkpointed") < shown.index("torchzero")
    weights = {text.get_text(): text.get_fontweight() for axes in figure.axes for text in axes.texts}
    assert (weights["0.75"], weights["0.25"], weights["1.10"]) == ("bold", "bold", "normal")
    assert set(data["method"]) == {"torchzero", "forward_rank_one", "activity", "backprop_checkpoint"}
    check_that_nothing_is_clipped(figure)


def test_a_method_without_a_measurement_says_so(frame, store):
    frame.loc[(frame["method"] == "torchzero") & (frame["model"] == "gpt"), ["ratio_to_backprop", "peak_bytes"]] = None
    figure, _ = cost_and_memory(store({"frames/networks": frame}), **SIZES)
    assert words(figure).count("not measured") == 2


def test_the_figure_is_the_same_bytes_twice(results, tmp_path):
    check_that_files_are_the_same(lambda: cost_and_memory(results, **SIZES), tmp_path)
