"""Everything that the page is made of, and the page."""

import copy
import json

import pandas as pd
import pytest

from forwardgrad.claims.verdicts import CLAIMS
from forwardgrad.experiments.training.figures.curves import draw_curves
from forwardgrad.experiments.training.frames import read_run, write_frames
from forwardgrad.experiments.training.tables import methods, paired
from forwardgrad.plotting.style import save
from forwardgrad.report.document import write_document
from forwardgrad.report.page import Sources
from forwardgrad.report.site import write_site
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results as Folder
from forwardgrad.results.reading import produced_by

from ..synthetic import Results, make_two_methods


def make_record(dataset, available=True):
    return {
        "dataset": dataset,
        "available": available,
        "reason": None if available else "no file <here>",
        "remedy": None if available else "run `forwardgrad data --retry`",
        "source": "a museum",
        "files": [{"name": "penguins.csv", "sha256": "ab" * 32, "bytes": 25648, "origin": "data folder"}],
        "licence": "CC0",
        "licence_url": "https://example.org/licence",
        "citation": "Horst",
        "definition": "334 birds",
    }


def page_settings():
    """Two cells of five seeds, one on data that cannot be had, and a combination that does not fit."""
    common = {"seeds": 5, "evaluate_every": 1, "methods": ["backprop", "forward_gaussian"]}
    rest = {"settings": {"learning_rate": 0.2, "stop": {"steps": 9, "loss": 0.3}}}
    return {
        "run": ["students"],
        "experiments": {"students": {"title": "The students", "cells": ["birds", "characters"]}},
        "cells": {
            "birds": {"datasets": ["penguins"], "models": ["students_lr", "lr"]} | common | rest,
            "characters": {"datasets": ["kmnist600"], "models": ["students_cnn"]} | common | rest,
        },
        "methods": {"backprop": {"estimator": "backprop"}, "forward_gaussian": {"estimator": "forward_gaussian"}},
    }


def make_sources(two_methods, root):
    """Everything that the page is made of, from the run files of `two_methods`."""
    frames, folder = two_methods.frames(), two_methods.folder
    tables, figures = folder / "tables/students", folder / "figures/students"
    for path in (tables, figures, folder / "frames", folder / "data"):
        path.mkdir(parents=True)
    results = Folder(folder, root / "report/quoted.csv")
    write_frames(frames, results, "students")
    methods(results, "students").to_csv(tables / "methods.csv", index=False)
    paired(results, "students").to_csv(tables / "paired.csv", index=False)
    curves = curve_table(frames.metrics, frames.runs, frames.costs, ("test_loss", "test_accuracy"))
    stem = figures / "penguins-students_lr-by-step"
    save(draw_curves(curves, frames.runs, "Penguins"), curves, stem)
    made = produced_by(read_run(run)[2] for run in two_methods.runs)
    (folder / "frames/students-provenance.json").write_text(json.dumps(made))
    for entry in (make_record("penguins"), make_record("kmnist600", available=False), make_record("mnist")):
        (folder / f"data/{entry['dataset']}.json").write_text(json.dumps(entry))
    return Sources(results, sorted(figures.glob("*.svg")), root / "report/templates", root)


@pytest.fixture
def record():
    """A function that returns a record of a data set."""
    return make_record


@pytest.fixture
def settings():
    return page_settings()


@pytest.fixture
def full(settings):
    more = copy.deepcopy(settings)
    more["cells"]["birds"]["seeds"] = 8
    return more


@pytest.fixture
def sources(two_methods, root):
    return make_sources(two_methods, root)


@pytest.fixture(scope="session")
def written(root, tmp_path_factory):
    """The folder of a site of synthetic results, with figures and claims."""
    folder = tmp_path_factory.mktemp("page")
    results = make_two_methods(Results(folder / "results"))
    sources = make_sources(results, root)
    verdicts = ["reproduced", "not reproduced", "reproduced", "no evidence"]
    claims = pd.DataFrame({"id": ["a", "b", "c", "d"], "verdict": verdicts})
    claims["claim"], claims["measured"], claims["n"] = "claim " + claims["id"], [0.02, 30, 0.1, None], 5
    claims["source"], claims["group"] = ["paper", "paper", "paper", "students"], "runtime"
    claims["part"] = ["primary", "primary", "primary", "reproductions"]
    claims["cost_model"], claims["certainty"], claims["evidence"] = "none", "plain", "run"
    claims["figure"] = "students/penguins-students_lr-by-step"
    claims.reindex(columns=list(CLAIMS)).to_csv(results.folder / "tables/claims.csv", index=False)
    site = folder / "report/site"
    full = page_settings()
    full["cells"]["birds"]["seeds"] = 8
    write_site(site, page_settings(), full, sources)
    write_document(site, sources.templates / "report.typ", site / "report.pdf")
    return site
