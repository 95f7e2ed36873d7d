"""The page of an experiment that asks for every analysis, from files made by hand."""

import json
from functools import partial

import pytest

from forwardgrad.experiments.training.analyses.budgets import budgets
from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios
from forwardgrad.experiments.training.analyses.norms import norms
from forwardgrad.experiments.training.analyses.time_to_loss import times, times_summary
from forwardgrad.experiments.training.frames import write_frames
from forwardgrad.experiments.training.tables import methods, paired
from forwardgrad.report.page import Sources
from forwardgrad.report.site import write_site
from forwardgrad.results.folder import Results

from .pages import cells, numbers, parse_site, words

CELL = {"dataset": "mnist5k", "model": "mlp"}


@pytest.fixture
def page_of(results, record, root, tmp_path, few):
    """A function that writes the page of the experiment of a name and returns it."""

    def write(name):
        for seed, last in enumerate((0.4, 0.5, 0.7)):
            results.run("backprop", seed, (2.0, 1.0, 0.5), every=10, experiment=name, **CELL)
            results.run("forward_gaussian", seed, (2.0, 0.9, 0.8, last), every=10, experiment=name, **CELL)
        results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3, "gathering": 1e-3}, "mlp", 64)
        frames, folder = results.frames(), results.folder
        own = Results(folder, root / "report/quoted.csv")
        tables = {
            "methods": methods,
            "paired": paired,
            "loss-ratios": partial(loss_ratios, against="backprop"),
            "times": times,
            "times-summary": partial(times_summary, paper_settings=True),
            "budgets": budgets,
            "norms": norms,
        }
        for part in (f"tables/{name}", "frames", "data"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        write_frames(frames, own, name)
        for table, make in tables.items():
            make(own, name).to_csv(folder / f"tables/{name}/{table}.csv", index=False)
        (folder / f"frames/{name}-provenance.json").write_text("[]")
        (folder / "data/mnist5k.json").write_text(json.dumps(record("mnist5k")))
        cell = {"datasets": ["mnist5k"], "models": ["mlp"], "methods": ["backprop", "forward_gaussian"]}
        cell |= {"seeds": 3, "evaluate_every": 10, "settings": {"learning_rate": 0.2, "stop": {"steps": 30}}}
        analyses = {"against": "backprop", "analyses": ["times", "budgets", "norms"]}
        config = {
            "run": [name],
            "experiments": {name: {"title": "Everything", "cells": ["cell"]} | analyses},
            "cells": {"cell": cell},
            "methods": {"backprop": {"estimator": "backprop"}, "forward_gaussian": {"estimator": "forward_gaussian"}},
        }
        sources = Sources(own, [], root / "report/templates", root)
        write_site(tmp_path / "site", config, config, sources)
        return parse_site(tmp_path / "site")

    return write


def tables(page, name):
    """The tables of the experiment's cell, by their accessible names."""
    boxes = page.find(id=f"{name}-mnist5k-mlp").parent.select(".box")
    return {box["aria-label"]: box.table for box in boxes}


def test_times_show_what_was_reached_and_the_papers_numbers(page_of):
    rows = tables(page_of("mnist"), "mnist")["Times to the loss of backpropagation"].select("tbody tr")
    own, gathered = ([numbers(cell) for cell in row.select("td")] for row in rows[:2])
    # Reached at 60 ms, 60 ms and never, of 20 ms; the last run ends at three times 20 ms.
    iterations = ["1.50", "1.50", "never"]
    assert own[:-1] == [["2", "3"], iterations, ["60.0"], ["20.0"], ["3.00", "2.31", "never", "3.000", "never"]]
    assert own[-1] == ["0.229", "68.0", "297.0"]
    # Gathering takes as long as a step of backpropagation.
    assert gathered[:4] == [["2", "3"], iterations, ["90.0"], ["40.0"]]
    assert gathered[-1] == []


def test_budgets_and_norms_show_means_with_intervals(page_of):
    shown = tables(page_of("frontier"), "frontier")
    accuracy, loss = (shown[name] for name in shown if "budget" in name)
    assert [numbers(head) for head in accuracy.select("thead th")[3:]] == [["20"], ["60"], ["20.0"]]
    assert cells(accuracy)["Backpropagation"] == [["0.2"], ["3"], ["0.950"], ["0.950", "20"], ["0.950", "20"]]
    assert set(cells(loss)) == {"Backpropagation", "Forward gradient, Gaussian"}
    assert len(cells(shown["Training loss and growth of the weights"])) == 2


@pytest.mark.parametrize("name", ["controls", "mnist", "frontier"])
def test_experiments_have_their_own_words(page_of, root, name):
    own = (root / f"report/templates/experiments/{name}.html.j2").read_text()
    first = page_of(name).find(id=name).find_next("main").p
    assert words(first).startswith(own.removeprefix("<p>").split("{")[0].split("<")[0].split("\n")[0].strip())


def test_gallos_times_are_those_that_were_published(page_of):
    first = page_of("gallo").find(id="gallo").find_next("main").p
    assert numbers(first) == ["2023", "605", "260", "18,760", "2.33"]


def test_a_comparison_names_the_method_it_is_against(page_of):
    caption = tables(page_of("other"), "other")["Ratio of final training losses"].caption
    assert "“Backpropagation”" in words(caption)
