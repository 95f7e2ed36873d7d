"""Whatever stands in a configuration: lines that say what is wrong, or a plan that holds; never an exception."""

import copy
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from snakemake.utils import update_config

from forwardgrad.catalogue import DATASETS
from forwardgrad.experiments import kinds
from forwardgrad.experiments.training.runs import untuned
from forwardgrad.pipeline.validation import load_schema, problems
from forwardgrad.report import plan as notebooks

from ..cases import steady

ROOT = Path(__file__).parents[2]
SCHEMA = load_schema(ROOT / "workflow/schemas")
BASE = {}
for name in ("config", "smoke"):
    update_config(BASE, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from(
        [10**30, 64.0, 1e-3, float("nan"), float("inf"), "full", "tuned", "lr", "{x}", "$(x)", "a\nb", ""]
    )
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(0, 2), inner),
    max_leaves=4,
)


def places(node, path=()):
    """Every place in a configuration, as keys from the top."""
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


PLACES = [path for path in places(BASE) if path]


def put(config, path, value):
    """Replace what stands at `path`."""
    for key in path[:-1]:
        config = config[key]
    config[path[-1]] = value


def plan(config):
    """Ask for every file that the workflow would make."""
    steps = kinds.steps(config)
    for experiment in config["run"]:
        room = kinds.plan_of(experiment)
        room.datasets(config, experiment)
        room.tables(config, experiment)
        if kinds.kind_of(experiment) != "training" or not untuned(config, experiment):
            room.measured(config, experiment, DATASETS)
            room.figures(config, experiment, DATASETS)
    return steps, notebooks.pages(config)


@steady(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(PLACES), junk), min_size=1, max_size=2))
def test_a_configuration_with_anything_anywhere_is_refused_in_lines_or_can_be_planned(changes):
    config = copy.deepcopy(BASE) | {"tuned": {}}
    for path, value in changes:
        try:
            put(config, path, value)
        except (KeyError, TypeError, IndexError):  # an earlier change took its place away
            continue
    lines = problems(config, SCHEMA)
    assert all(line and line.isprintable() for line in lines)
    if not lines:
        plan(config)


@pytest.mark.parametrize("config", [None, [], "text", 7, {}, {"run": []}])
def test_what_is_no_configuration_is_refused_in_lines(config):
    lines = problems(config, SCHEMA)
    assert lines
    assert all(lines)
