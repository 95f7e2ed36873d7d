"""Small results as the runs write them, made by hand."""

import copy
import json
from pathlib import Path

import pandas as pd
import pytest

from forwardgrad.claims.verdicts import CLAIMS
from forwardgrad.experiments.training.analyses import time_to_loss as times
from forwardgrad.experiments.training.columns import COSTS, METRICS, TIMES
from forwardgrad.experiments.training.figures.bands import bands_of
from forwardgrad.experiments.training.figures.curves import DRAWN, draw_curves
from forwardgrad.experiments.training.frames import Frames, read_experiment, read_run
from forwardgrad.experiments.training.tables import method_table, paired_table
from forwardgrad.plotting.style import save
from forwardgrad.report.document import write_document
from forwardgrad.report.page import Sources, write_report
from forwardgrad.results.reading import produced_by


@pytest.fixture
def store_frames(store):
    """A function that writes the frames of the experiment `students` and returns where they lie."""
    names = ("", "-runs", "-costs")
    return lambda frames: store(
        {f"frames/students{name}": frame for name, frame in zip(names, vars(frames).values(), strict=True)}
    )


@pytest.fixture
def few(monkeypatch):
    """Let runs with one evaluation tell when a loss is reached: those made by hand here have few."""
    monkeypatch.setattr(times, "EVALUATIONS", 1)


class Results:
    """A folder of results; `run` and `cost` add to it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.runs: list[Path] = []
        self.costs: list[Path] = []

    def run(
        self, method="backprop", seed=0, losses=(1.0, 0.5), status="completed", estimator=None, threshold=None,
        experiment="students", dataset="penguins", model="students_lr", every=1, rate=0.2,
    ):  # fmt: skip
        """Write a run evaluated every `every` steps; of 100 test examples it misclassifies ten per unit of loss."""
        folder = self.folder / "runs" / experiment / dataset / model / method / f"seed-{seed}"
        folder.mkdir(parents=True)
        rows = [",".join(METRICS)]
        for index, loss in enumerate(losses):
            ended = status if index == len(losses) - 1 else "running"
            wrong = round(10 * loss) if loss < 10 else 100
            rows.append(f"{index * every},{ended},{loss},{loss},{loss},0.5,0.5,{1 - wrong / 100},{wrong},1.0,")
        (folder / "metrics.csv").write_text("\n".join(rows) + "\n")
        steps = (len(losses) - 1) * every
        (folder / "times.csv").write_text(",".join(TIMES) + f"\n0,0.0\n{steps},{steps / 1000}\n")
        stop = {"steps": 3000, "loss": threshold, "split": "train"}
        identity = {"experiment": experiment, "dataset": dataset, "model": model, "method": method, "seed": seed}
        record = {
            "run": identity | {"settings": {"estimator": estimator or method, "learning_rate": rate, "stop": stop}},
            "status": status,
            "parameters": 15,
            "data": {"source": "made by hand"},
            "versions": {"torch": "2.13.0"},
            "host": {"system": "Linux"},
            "device": "cpu",
            "threads": 1,
            "commit": "",
        }
        (folder / "run.json").write_text(json.dumps(record))
        self.runs.append(folder)
        return folder

    def cost(self, seconds, experiment="students", dataset="penguins", model="students_lr", batch_size=250):
        """Write the cost file of a cell; `seconds` is {method: seconds per step}."""
        path = self.folder / "costs" / experiment / dataset / f"{model}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [",".join(COSTS)]
        for method, time in seconds.items():
            values = (
                2,
                batch_size,
                time,
                0.9 * time,
                1.2 * time,
                0.8 * time,
                0.7 * time,
                0.9 * time,
                30,
                100,
                110 * time,
            )
            rows.append(",".join(map(str, (experiment, dataset, model, method, method, *values))))
        path.write_text("\n".join(rows) + "\n")
        self.costs.append(path)

    def frames(self) -> Frames:
        return read_experiment(self.runs, self.costs)[0]


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "results")


def make_two_methods(results):
    """Five seeds of backpropagation, and of a forward gradient of which one run diverges."""
    for seed in range(5):
        results.run("backprop", seed, (2.0, 1.0, 0.3), "threshold", threshold=0.3)
        if seed == 4:
            results.run("forward_gaussian", seed, (2.0, 5.0, 2e4), "diverged", threshold=0.3)
        else:
            results.run("forward_gaussian", seed, (2.0, 1.5, 1.0, 0.3 - seed / 100), "threshold", threshold=0.3)
    results.cost({"backprop": 1e-3, "forward_gaussian": 3e-3})
    return results


@pytest.fixture
def two_methods(results):
    return make_two_methods(results)


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
            "birds": {"title": "", "datasets": ["penguins"], "models": ["students_lr", "lr"]} | common | rest,
            "characters": {"title": "", "datasets": ["kmnist600"], "models": ["students_cnn"]} | common | rest,
        },
        "methods": {"backprop": {"estimator": "backprop"}, "forward_gaussian": {"estimator": "forward_gaussian"}},
    }


def make_sources(two_methods, root):
    """Everything that the page is made of, from the run files of `two_methods`."""
    frames, folder = two_methods.frames(), two_methods.folder
    tables, figures = folder / "tables/students", folder / "figures/students"
    for path in (tables, figures, folder / "frames", folder / "data"):
        path.mkdir(parents=True)
    method_table(frames).to_csv(tables / "methods.csv", index=False)
    paired_table(frames).to_csv(tables / "paired.csv", index=False)
    curves = bands_of(frames, DRAWN)
    for name, against in (("step", "step"), ("time", "seconds")):
        stem = figures / f"penguins-students_lr-by-{name}"
        save(draw_curves(curves, frames.runs, against, "Penguins"), curves, stem)
    made = produced_by(read_run(run)[2] for run in two_methods.runs)
    frames.runs.to_csv(folder / "frames/students-runs.csv", index=False)
    (folder / "frames/students-provenance.json").write_text(json.dumps(made))
    for entry in (make_record("penguins"), make_record("kmnist600", available=False), make_record("mnist")):
        (folder / f"data/{entry['dataset']}.json").write_text(json.dumps(entry))
    return Sources(folder, sorted(figures.glob("*.svg")), root / "report/templates", root / "report/quoted.csv", root)


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
    """A page of synthetic results, with its figures and claims."""
    folder = tmp_path_factory.mktemp("page")
    results = make_two_methods(Results(folder / "results"))
    sources = make_sources(results, root)
    verdicts = ["reproduced", "not reproduced", "reproduced", "no evidence"]
    claims = pd.DataFrame({"id": ["a", "b", "c", "d"], "verdict": verdicts})
    claims["claim"], claims["measured"], claims["n"] = "claim " + claims["id"], [0.02, 30, 0.1, None], 5
    claims["source"], claims["group"] = ["paper", "paper", "paper", "students"], "runtime"
    claims["cost_model"], claims["certainty"], claims["evidence"] = "none", "plain", "run"
    claims["figure"] = "students/penguins-students_lr-by-step"
    claims.reindex(columns=list(CLAIMS)).to_csv(results.folder / "tables/claims.csv", index=False)
    page = folder / "report/index.html"
    page.parent.mkdir()
    full = page_settings()
    full["cells"]["birds"]["seeds"] = 8
    write_report(page, page_settings(), full, sources)
    write_document(page, sources.templates / "report.typ", page.parent / "report.pdf", folder)
    return page
