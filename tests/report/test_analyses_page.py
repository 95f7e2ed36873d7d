"""The page of an experiment that asks for every analysis, from files made by hand."""

import json

import pytest

from forwardgrad.experiments.training.analyses.budgets import budget_table
from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios
from forwardgrad.experiments.training.analyses.norms import norm_table
from forwardgrad.experiments.training.analyses.time_to_loss import times_summary, times_table
from forwardgrad.experiments.training.tables import method_table, paired_table
from forwardgrad.report.page import Sources, write_report
from forwardgrad.results.quoted import read_quoted

from .test_page import Page

CELL = {"dataset": "mnist5k", "model": "mlp"}


@pytest.fixture
def page_of(results, record, root, tmp_path, few):
    """A function that writes the page of the experiment of a name and returns its text."""

    def write(name):
        for seed, last in enumerate((0.4, 0.5, 0.7)):
            results.run("backprop", seed, (2.0, 1.0, 0.5), every=10, experiment=name, **CELL)
            results.run("forward_gaussian", seed, (2.0, 0.9, 0.8, last), every=10, experiment=name, **CELL)
        results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3}, experiment=name, batch_size=64, **CELL)
        frames, folder = results.frames(), results.folder
        times = times_table(frames)
        tables = {
            "methods": method_table(frames),
            "paired": paired_table(frames),
            "loss-ratios": loss_ratios(frames.runs, "backprop"),
            "times": times,
            "times-summary": times_summary(times, read_quoted(root / "report/quoted.csv")),
            "budgets": budget_table(frames),
            "norms": norm_table(frames),
        }
        for part in (f"tables/{name}", "frames", "data"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for table, frame in tables.items():
            frame.to_csv(folder / f"tables/{name}/{table}.csv", index=False)
        frames.runs.to_csv(folder / f"frames/{name}-runs.csv", index=False)
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
        sources = Sources(folder, [], root / "report/templates", root / "report/quoted.csv", root)
        write_report(tmp_path / "index.html", config, config, sources)
        return Page((tmp_path / "index.html").read_text()).text

    return write


def test_times_show_what_was_reached_and_the_papers_numbers(page_of):
    text = page_of("mnist")
    # Reached at 60 ms, 60 ms and never, of 20 ms.
    assert "this project’s step, batch gathered 2 of 3 60.0 ms 20.0 ms 3.00 3.00 to never" in text
    assert "above 3.000 where never reached" in text
    assert "0.229 [FIG] 68.0 s, 297.0 s" in text
    assert "the two larger networks are stopped long before" in text


def test_budgets_and_norms_show_means_with_intervals(page_of):
    text = page_of("fair")
    assert "20 steps 60 forward passes 20.0 ms" in text
    assert "Backpropagation 0.2 3 0.950 every one 0.950 every one step 20" in text
    assert "Growth of the weights" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("controls", "“Backpropagation with noise” adds normal noise"),
        ("gallo", "605 s against 260 s for 18,760 steps of the perceptron, a ratio of 2.33"),
        ("other", "Final training loss over that of “Backpropagation”"),
    ],
)
def test_experiments_have_their_own_words(page_of, name, words):
    assert words in page_of(name)
