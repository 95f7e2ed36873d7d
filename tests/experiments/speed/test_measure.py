"""What is measured of a network, never how long that takes."""

import json
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.catalogue import MEASURED, MODELS
from forwardgrad.core import draws
from forwardgrad.core.engine.network import Network
from forwardgrad.core.estimator import Estimator
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.models import build
from forwardgrad.core.units import detached, units
from forwardgrad.experiments.speed import measure, variants
from forwardgrad.experiments.speed.columns import BENCH, PARTS
from forwardgrad.experiments.speed.steps import Case, advance
from forwardgrad.experiments.speed.workloads import LOSS, RATE, Workload, named

from ... import cases

METHODS = (*MEASURED, "forward_gaussian+adam")


def case_of(name, batch=4, device="cpu"):
    with torch.device(device):
        shape = MODELS[name].shape.inputs
        inputs, targets = torch.rand(batch, *shape), torch.zeros(batch, dtype=torch.int64)
        return Case(build(name, 0), LOSS, inputs, targets, RATE)


def rows_of(name, batch_size, methods, threads=1, seconds=1e-3, **options):
    return measure.measure_network(named(name, batch_size, "cpu"), methods, threads, seconds, rounds=1, **options)


def estimator_of(key, case, generator):
    return Estimator(key, Network(case.model, LOSS), ESTIMATORS[key], {}, generator)


@pytest.fixture(scope="module")
def rows():
    """Every method on a small network, part by part."""
    return rows_of("students_mlp", 4, METHODS, parts=True, count=True)


def test_a_measurement_has_a_complete_row_per_method(rows):
    assert [row["method"] for row in rows] == [
        "evaluation",
        "backprop",
        *[m for m in METHODS if m not in measure.PLAIN],
    ]
    for row in rows:
        assert set(row) == set(BENCH)
        assert (row["model"], row["batch_size"], row["depth"], row["parameters"]) == ("students_mlp", 4, 2, 867)
        assert (row["threads"], row["device"], row["clock"], row["peak_bytes"]) == (1, "cpu", "cpu", None)
        assert row["note"] is None
        assert row["seconds"] > 0
        assert row["operations"] >= 2
        assert row["switches_per_second"] >= 0
    json.dumps(rows)


def test_the_parts_of_every_step_add_up_to_it(rows):
    for row in rows:
        parts = [row[name] for name in PARTS if row[name] is not None]
        assert len(parts) >= 1
        assert min(parts) >= 0
        assert sum(parts) == pytest.approx(row["seconds"], rel=1e-9)


def test_without_parts_there_are_none_and_what_ratios_are_taken_to_is_measured_always():
    rows = rows_of("students_lr", 2, ["forward_rank_one"])
    assert [row["method"] for row in rows] == ["evaluation", "backprop", "forward_rank_one"]
    assert {row[name] for row in rows for name in PARTS} == {None}


def test_a_network_on_two_threads_is_measured_by_wall_time():
    rows = rows_of("students_lr", 2, [], threads=2)
    assert {(row["threads"], row["clock"]) for row in rows} == {(2, "wall")}


def test_a_measurement_does_not_change_what_it_measures():
    case = case_of("students_mlp")
    before = cases.flat(detached(case.model)).clone()
    made = case.model, case.loss, case.inputs, case.targets
    measure.measure_network(Workload("own", "cpu", lambda: made), METHODS, 1, seconds=1e-3, rounds=1)
    assert torch.allclose(cases.flat(detached(case.model)), before, atol=1e-3)
    assert not torch.equal(cases.flat(detached(case.model)), before)


def test_without_time_there_are_rows_that_say_so():
    rows = rows_of("students_lr", 2, ["spsa"], seconds=None)
    assert [(row["method"], row["seconds"], row["note"]) for row in rows] == [
        (method, None, measure.UNTIMED) for method in ("evaluation", "backprop", "spsa")
    ]
    assert {row["parameters"] for row in rows} == {15}
    assert {frozenset(row) for row in rows} == {frozenset(BENCH)}


# Parts.


def test_a_part_is_the_difference_of_two_times():
    times = {"a//draw": 1.0, "a//forward": 3.0, "a//update": 3.5, "ab//update": 9.0}
    assert measure.times_of("a//", times) == {"seconds": 3.5, "draw": 1.0, "forward": 2.0, "update": 0.5}
    assert measure.times_of("a//", {"a//": 2.0}) == {"seconds": 2.0}


def test_a_part_that_noise_hides_takes_no_time():
    times = {"a//draw": 1.0, "a//forward": 0.9, "a//update": 3.0}
    assert measure.times_of("a//", times) == {"seconds": 3.0, "draw": 1.0, "forward": 0.0, "update": 2.0}
    times = {"a//draw": 1.0, "a//forward": 4.0, "a//update": 3.0}
    assert measure.times_of("a//", times) == {"seconds": 3.0, "draw": 1.0, "forward": 2.0, "update": 0.0}


@cases.steady(max_examples=50)
@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=4))
def test_parts_add_up_to_the_whole_whatever_was_measured(values):
    found = measure.times_of("a//", {f"a//{part}": value for part, value in zip(PARTS, values, strict=False)})
    assert found.pop("seconds") == values[-1]
    assert min(found.values()) >= 0
    assert sum(found.values()) == pytest.approx(values[-1])


def test_a_beginning_of_a_step_ends_with_its_part():
    done = []

    def parts():
        for name in ("draw", "forward", "update"):
            done.append(name)
            yield name

    runs = measure.beginnings(parts)
    assert list(runs) == ["draw", "forward", "update"]
    for count, run in enumerate(runs.values(), start=1):
        done.clear()
        run()
        assert len(done) == count
    made = {"a": (parts, torch.Generator(), 8), "b": (parts, torch.Generator(), 1)}
    whole, note = measure.ready(made, parts=False, device="cpu")
    assert ({name: step.period for name, step in whole.items()}, note) == ({"a/": 8, "b/": 1}, None)
    steps, _ = measure.ready(made, parts=True, device="cpu")
    assert list(steps) == [f"{variant}/{part}" for variant in "ab" for part in ("draw", "forward", "update")]


def test_work_behind_the_last_part_belongs_to_the_whole():
    done = []

    def parts():
        yield "forward"
        done.append("rest")

    measure.beginnings(parts)["forward"]()
    assert done == ["rest"] * 2


# Variants.


def test_the_fastest_backprop_counts_with_its_parts():
    own = {"a": {"seconds": 2.0, "forward": 0.5, "update": 1.5}, "b": {"seconds": 1.0, "forward": 0.7, "update": 0.3}}
    assert measure.combined("backprop", own) == {
        "seconds": 1.0, "draw": None, "forward": 0.7, "backward": None, "update": 0.3,
    }  # fmt: skip
    assert measure.combined("jvp", {}) == dict.fromkeys(("seconds", *PARTS))


def test_one_drawn_layer_costs_the_mean_over_layers():
    case = case_of("students_mlp")
    found, _ = variants.variants("forward_rank_one_layer", case)
    assert list(found) == ["0", "1", "2"]
    before = detached(build("students_mlp", 0))
    moved = set()
    for number, (parts, _, _) in enumerate(found.values()):
        list(parts())
        now = detached(case.model)
        moved |= {name.split(".")[0] for name, value in now.items() if not torch.equal(value, before[name])}
        assert moved <= {str(2 * layer) for layer in range(number + 1)}
    own = {"0": {"seconds": 1.0, "draw": 0.5}, "1": {"seconds": 3.0, "draw": 0.1}}
    combined = measure.combined("forward_rank_one_layer", own)
    assert (combined["seconds"], combined["draw"], combined["forward"]) == (2.0, pytest.approx(0.3), None)


@pytest.mark.parametrize("fault", [TypeError, ValueError, RuntimeError])
def test_a_method_that_fails_on_a_network_is_a_note_and_the_others_are_measured(fault, monkeypatch):
    def refuse(case):
        raise fault("not for such a network:\nbecause")

    monkeypatch.setitem(variants.baselines.BASELINES, "jvp", refuse)
    rows = {row["method"]: row for row in rows_of("students_lr", 2, ["jvp", "forward_rank_one"], count=True)}
    absent = rows["jvp"]
    assert (absent["seconds"], absent["operations"], absent["note"]) == (None, None, "not for such a network:")
    assert rows["forward_rank_one"]["seconds"] > 0


def test_a_step_that_fails_when_it_is_taken_is_a_note(monkeypatch):
    def failing():
        raise NotImplementedError("no rule of forward mode")
        yield

    monkeypatch.setitem(variants.baselines.BASELINES, "jvp", lambda case: failing)
    for parts in (False, True):
        assert rows_of("students_lr", 2, ["jvp"], parts=parts)[-1]["note"] == "no rule of forward mode"


def test_what_a_baseline_has_not_written_is_a_note():
    rows = rows_of("students_cnn_softmax", 2, ["backprop_by_hand"])
    assert rows[-1]["note"] == "no hand-written backprop for Softmax(dim=1)"


def test_what_a_cuda_graph_cannot_record_is_a_note():
    case = SimpleNamespace(device=torch.device("cuda"))
    steps, note = variants.variants("forward_projected_4", case)
    assert steps == {}
    assert note.endswith("which a CUDA graph cannot wait for: use the CPU")


# Draws in blocks.


@pytest.mark.parametrize("name", ["students_mlp", "mlp_256"])
@pytest.mark.parametrize("method", ESTIMATORS)
def test_the_generator_is_asked_once_in_every_period(name, method):
    case = case_of(name)
    generator = torch.Generator().manual_seed(0)
    if method == "forward_rank_one_layer":
        estimators = list(variants.drawn_layers(case, generator))
    else:
        estimators = [estimator_of(method, case, generator)]
    for estimator in estimators:
        every = variants.period(estimator, case.inputs, generator)
        if not estimator.method.staged:
            assert every == 1
            continue
        asked = []
        for _ in range(3 * every):
            state = generator.get_state()
            estimator.draw(case.inputs)
            asked.append(not torch.equal(generator.get_state(), state))
        assert all(sum(asked[start : start + every]) == 1 for start in range(2 * every + 1))
        assert every <= draws.BLOCK_STEPS


def test_small_networks_draw_for_64_steps_at_once_and_large_ones_for_one():
    for name, method, expected in (
        ("students_mlp", "forward_gaussian", 64),
        ("students_mlp", "forward_mean_4", 16),
        ("mlp_256", "forward_gaussian", 1),
        ("mlp_256", "forward_rank_one", 64),
    ):
        generator = torch.Generator().manual_seed(0)
        case = case_of(name)
        estimator = estimator_of(method, case, generator)
        assert variants.period(estimator, case.inputs, generator) == expected


def test_operations_are_counted_over_a_whole_period():
    def parts():
        torch.ones(3).add_(1)
        yield "forward"

    assert measure.operations({"": (parts, None, 5)}) == 2
    count = 0

    def drawing():
        nonlocal count
        if count % 4 == 0:
            torch.ones(3)
        count += 1
        yield "draw"

    assert measure.operations({"": (drawing, None, 4)}) == 0.25
    assert measure.operations({"a": (parts, None, 1), "b": (drawing, None, 4)}) == 1.125


class Watch(TorchDispatchMode):
    """Keeps the names of the operations that are carried out, and the devices of their tensors."""

    def __init__(self):
        super().__init__()
        self.operations, self.devices = [], set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        self.operations.append(str(function))
        leaves = torch.utils._pytree.tree_leaves((arguments, keywords, result))
        self.devices |= {leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.dim()}
        return result


def watched(parts):
    with Watch() as seen:
        advance(parts, None)
    return seen


REFUSED = ("backprop", "gathering", "forward_gaussian+adam")  # fused optimizers and random orders refuse `meta`


@pytest.mark.parametrize("method", [key for key in METHODS if key not in REFUSED])
def test_a_step_stays_on_its_device_and_never_asks_it_for_a_value(method, monkeypatch):
    monkeypatch.setattr(variants, "Generator", lambda device: torch.Generator())  # `meta` has none
    monkeypatch.setattr(variants, "period", lambda *_: 1)  # nothing is drawn there
    for parts, _, _ in variants.variants(method, case_of("students_cnn", device="meta"))[0].values():
        for _ in range(2):
            seen = watched(parts)
            assert seen.devices == {"meta"}
            assert not any("_local_scalar_dense" in operation for operation in seen.operations)


@pytest.mark.parametrize("method", METHODS)
def test_with_blocks_of_one_step_every_step_does_the_same(method, monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_STEPS", 1)
    for parts, _, _ in variants.variants(method, case_of("students_cnn"))[0].values():
        advance(parts, None)
        assert watched(parts).operations == watched(parts).operations


def test_a_block_of_one_step_draws_anew_in_place(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_STEPS", 1)
    found, generator = units(nn.Sequential(nn.Linear(40, 3))), torch.Generator().manual_seed(0)
    block = draws.TangentStream(draws.dense, draws.rademacher_, generator)
    first = block.draw(found)["0"].weight
    before = first.clone()
    second = block.draw(found)["0"].weight
    assert second.data_ptr() == first.data_ptr()
    assert not torch.equal(second, before)


# Networks.


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lr", ("lr", 0)),
        ("mlp", ("mlp", 2)),
        ("mlp_depth_3", ("mlp", 3)),
        ("mlp_width_8", ("mlp_width_8", 2)),
        ("cnn_width_2", ("cnn_width_2", None)),
        ("students_cnn", ("students_cnn", None)),
    ],
)
def test_networks_are_found_by_model_and_depth_or_by_width(name, found):
    with torch.device("meta"):
        assert measure.described(name, build(name, 0)) == found
