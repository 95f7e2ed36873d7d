"""What all kinds of experiment have in common: rooms, and tables and figures that something makes."""

import subprocess
from importlib import import_module

import pytest

from forwardgrad.experiments.kinds import (
    KINDS,
    experiments,
    kind_of,
    part_of,
    plan_of,
    product_at,
    products,
    room,
    settings_of,
)
from forwardgrad.experiments.training.plan import in_short, run_at, runs_of, seeds_of
from forwardgrad.experiments.training.runs import expand

ROOMS = {
    "plan": ("PART", "steps", "datasets", "measured", "tables", "figures", "problems"),
    "products": ("TABLES", "FIGURES"),
    "columns": ("FRAMES", "QUERIED_TABLES", "INTERVALS", "PUBLISHED"),
    "command": ("add",),
    "section": ("gather",),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ROOMS)
def test_every_kind_has_the_same_rooms(kind, name):
    assert [part for part in ROOMS[name] if not hasattr(room(kind, name), part)] == []


@pytest.mark.parametrize("what", ["TABLES", "FIGURES"])
def test_every_product_has_a_path_and_a_rule_of_its_own_and_something_that_makes_it(what):
    found = list(products(what))
    assert len({product.path for product in found}) == len({product.rule for product in found}) == len(found)
    for product in found:
        assert callable(getattr(import_module(f"forwardgrad.{product.module}"), product.function))
        assert not product.given or callable(getattr(room(product.kind, "plan"), product.given))
        assert product.caption.endswith(".")


def test_something_makes_every_table_and_figure_that_a_preset_plans(preset):
    for experiment in experiments(preset):
        plan = plan_of(experiment)
        available = plan.datasets(preset, experiment)
        planned = {
            "TABLES": plan.tables(preset, experiment),
            "FIGURES": plan.figures(preset, experiment, available),
        }
        for what, paths in planned.items():
            for path in paths:
                product, names = product_at(what, path.removeprefix("results/"))
                assert product.kind == kind_of(experiment)
                assert names.get("experiment", experiment) == experiment
                if product.given:
                    assert isinstance(getattr(plan, product.given)(preset, **names), dict)


def test_without_data_nothing_is_measured_that_needs_it(preset):
    for experiment in experiments(preset):
        plan = plan_of(experiment)
        if plan.datasets(preset, experiment):
            assert plan.measured(preset, experiment, []) == plan.figures(preset, experiment, []) == []


def test_a_path_that_nothing_makes_is_refused():
    for path in ("figures/mnist/nonsense.svg", "figures/mnist/mnist5k-mlp-by-sten.svg/x", "figures/rates.svg"):
        with pytest.raises(ValueError, match=f"^{path}: nothing makes it"):
            product_at("FIGURES", path)


def test_names_of_a_path_are_those_between_its_fixed_parts():
    product, names = product_at("FIGURES", "figures/frontier/mnist5k-mlp_256_256-cosines.svg")
    assert product.function == "cosines"
    assert names == {"experiment": "frontier", "dataset": "mnist5k", "model": "mlp_256_256"}


def test_what_a_product_reads_lies_with_the_results_but_for_what_was_published():
    product, _ = product_at("TABLES", "tables/mnist/times-summary.csv")
    assert product.inputs == ["results/tables/{experiment}/times.csv", "report/quoted.csv"]


def test_settings_and_part_come_from_the_configuration_or_the_kind(load):
    config = load("config")
    assert settings_of(config, "speed") is config["speed"]
    assert settings_of(config, "mnist") is config["experiments"]["mnist"]
    parts = {
        name: part_of(config, name) for name in ("mnist", "speed", "networks", "functions", "estimators", "frontier")
    }
    assert parts == {
        "mnist": "results",
        "speed": "cost",
        "networks": "cost",
        "functions": "results",
        "estimators": "frontier",
        "frontier": "frontier",
    }


def test_folders_of_runs_are_written_in_short_and_bash_writes_them_out(load):
    runs = runs_of(load("smoke"), "smoke")
    paths = [f"results/runs/{run.folder}/metrics.csv" for run in runs]
    short = in_short(paths)
    assert len(short) < len(paths)
    spelt = subprocess.run(["bash", "-c", f"echo {' '.join(short)}"], capture_output=True, text=True, check=True)
    assert sorted(spelt.stdout.split()) == sorted(path.removesuffix("/metrics.csv") for path in paths)


def test_a_run_is_found_by_its_names(config):
    config["cells"]["cell"]["seeds"] = 2
    runs = {run.folder: run for run in expand(config)}
    names = {"experiment": "one", "dataset": "penguins", "model": "students_lr"}
    assert run_at(runs, **names, method="backprop", seed="1").seed == 1
    assert seeds_of(config, "penguins") == 2
    assert seeds_of(config, "mnist") == 1
    with pytest.raises(ValueError, match=r"^results/runs/one/penguins/students_lr/backprop/seed-2: the configuration"):
        run_at(runs, **names, method="backprop", seed="2")
