import pytest

from forwardgrad import catalogue
from forwardgrad.arguments import keys_of
from forwardgrad.experiments import kinds
from forwardgrad.experiments.speed.plan import Measurement, arguments, figures, files, merged, steps
from forwardgrad.experiments.training.plan import costs
from forwardgrad.pipeline.cli import parser
from forwardgrad.pipeline.validation import problems

CONFIG = {
    "timing": {"processes": 3, "seconds": 1},
    "speed": {
        "title": "Steps",
        "devices": ["cpu"],
        "comparisons": {
            "networks": {"networks": ["lr", "mlp"], "methods": ["jvp"], "parts": True, "wall": True},
            "depth": {"networks": ["mlp", "mlp_depth_5"], "methods": ["forward_rank_one", "jvp"], "memory": True},
            "batch": {"networks": ["lr"], "batch_sizes": [1, 64], "methods": ["activity"]},
            "gone": None,
        },
    },
}


def found_in(config):
    return {one.path: one for one in steps(config)}


def test_every_network_is_measured_once_with_what_any_comparison_asks_for():
    found = found_in(CONFIG)
    assert list(found) == [
        "cpu/lr/batch-64/threads-1",
        "cpu/lr/batch-64/threads-2",
        "cpu/mlp/batch-64/threads-1",
        "cpu/mlp/batch-64/threads-2",
        "cpu/mlp_depth_5/batch-64/threads-1",
        "cpu/lr/batch-1/threads-1",
    ]
    both = found["cpu/mlp/batch-64/threads-1"]
    methods = catalogue_order(["jvp", "forward_rank_one", "evaluation", "backprop"])
    assert both == Measurement("cpu", "mlp", 64, methods, memory=True, parts=True)
    assert found["cpu/lr/batch-64/threads-1"].methods == catalogue_order(["evaluation", "backprop", "jvp", "activity"])
    assert not found["cpu/lr/batch-64/threads-1"].memory


def catalogue_order(methods):
    return tuple(key for key in catalogue.MEASURED if key in methods)


def test_wall_time_has_neither_memory_nor_parts_and_is_not_taken_of_a_gpu():
    wall = found_in(CONFIG)["cpu/mlp/batch-64/threads-2"]
    assert (wall.memory, wall.parts, wall.threads) == (False, False, 2)
    assert wall.methods == catalogue_order(["evaluation", "backprop", "jvp"])
    gpu = found_in(CONFIG | {"speed": CONFIG["speed"] | {"devices": ["cuda"]}})
    assert {path.rpartition("-")[2] for path in gpu} == {"1"}


def test_merging_keeps_what_either_asks_for():
    one = Measurement("cpu", "lr", 64, ("spsa", "backprop+adam"), memory=True)
    other = Measurement("cpu", "lr", 64, ("gathering", "jvp"), parts=True)
    apart = [Measurement("cpu", "lr", 1, ()), Measurement("cuda", "lr", 64, ()), Measurement("cpu", "mlp", 64, ())]
    first, *rest = merged([one, other, *apart])
    methods = (*catalogue_order(["gathering", "evaluation", "jvp", "backprop", "spsa"]), "backprop+adam")
    assert first == Measurement("cpu", "lr", 64, methods, memory=True, parts=True)
    assert {each.methods for each in rest} == {("evaluation", "backprop")}
    assert merged([other, one])[0] == first
    assert merged(merged([one, other])) == merged([one, other])


def test_every_file_is_named_once_one_for_each_process():
    found = files(CONFIG, steps(CONFIG))
    assert len(set(found)) == len(found) == 4 * 3 + 2 * 2
    assert found[:3] == [f"results/steps/cpu/lr/batch-64/threads-1/process-{process}.json" for process in range(3)]
    assert files(CONFIG, steps(CONFIG), "-record.json")[0].endswith("threads-1/process-0-record.json")


def test_memory_and_parts_are_measured_in_the_first_process_alone():
    asked = steps(CONFIG)
    common = "--networks mlp --batch-size 64 --device cpu --threads 1 --methods"
    methods = ",".join(catalogue_order(["evaluation", "backprop", "jvp", "forward_rank_one"]))
    path = "cpu/mlp/batch-64/threads-1"
    assert arguments(CONFIG, asked, path, 0) == f"{common} {methods} --memory --parts --operations"
    assert arguments(CONFIG, asked, path, 2) == f"{common} {methods}"
    for wrong, process in ((path, 3), ("cpu/mlp/batch-64/threads-2", 2), ("cpu/cnn/batch-64/threads-1", 0)):
        with pytest.raises(
            ValueError, match=f"^results/steps/{wrong}/process-{process}: the configuration asks for no"
        ):
            arguments(CONFIG, asked, wrong, process)


def test_every_measurement_of_a_preset_is_a_sound_command(preset):
    found = kinds.steps(preset)
    assert len({one.path for one in found}) == len(found)
    for one in found:
        first, second = (
            parser().parse_args(["bench", *one.arguments(process).split(), "--json", "rows.json"]) for process in (0, 1)
        )
        assert first.methods == second.methods == list(one.methods)
        assert (first.networks, first.batch_size, first.threads) == ([one.network], [one.batch_size], one.threads)
        assert (first.memory, second.memory) == (one.memory, False)
        assert (first.parts, second.parts) == (one.parts, False)
        assert set(catalogue.PLAIN) <= set(one.methods)


def test_what_an_experiment_asks_for_is_measured_once_for_all_of_them(preset):
    """No two places show different numbers: whoever asks for a step gets the same file."""
    every = {one.path: one for one in kinds.steps(preset)}
    for experiment in preset["run"]:
        for one in kinds.plan_of(experiment).steps(preset, experiment):
            shared = every[one.path]
            assert set(one.methods) <= set(shared.methods)
            assert (shared.memory >= one.memory, shared.parts >= one.parts) == (True, True)
    trained = [experiment for experiment in preset["run"] if experiment in preset["experiments"]]
    for experiment in trained:
        asked = costs(preset, experiment, catalogue.DATASETS)
        assert set(asked) <= set(files(preset, every.values()))
        assert {path.split("/")[5] for path in asked} <= {"threads-1"}


def test_what_is_not_run_adds_nothing_to_what_is(load):
    config = load("config")
    alone = {one.path: one for one in kinds.steps(config | {"run": ["speed"]})}
    for one in steps(config):
        assert alone[one.path] == one
    assert len(alone) > len(steps(config)), "what others ask for can be measured"


def test_the_default_measures_what_the_headline_needs(load):
    found = found_in(load("config"))
    for network in ("lr", "mlp", "cnn"):
        one = found[f"cpu/{network}/batch-64/threads-1"]
        assert {"jvp", "forward_ad", "forward_gaussian", "forward_rank_one"} <= set(one.methods)
        assert one.parts
        assert f"cpu/{network}/batch-64/threads-2" in found
    assert {f"cpu/mlp_depth_{depth}/batch-64/threads-1" for depth in (10, 50)} <= set(found)
    memory = {(one.network, one.batch_size) for one in found.values() if one.memory}
    assert {("mlp", 1), ("mlp", 1024), ("mlp_depth_50", 64), ("mlp_width_64", 64)} <= memory


def test_figures_are_those_that_the_measurements_allow(load):
    names = [path.rsplit("/")[-1] for path in figures(load("config"))]
    assert names == [f"cpu-{name}.svg" for name in ("cost", "parts", "depth", "size", "batch", "memory", "methods")]
    one = {"networks": {"networks": ["lr"], "methods": ["jvp"]}}
    config = CONFIG | {"speed": CONFIG["speed"] | {"comparisons": one}}
    assert figures(config) == ["results/figures/speed/cpu-cost.svg"]


def test_names_are_checked_with_the_configuration(load, schema):
    config = load("config")
    config["speed"]["comparisons"] = {
        "a": {"networks": ["lr", "mpl", "mlp_width_3", "cnn_depth_3"], "methods": ["jpv"]},
        "b": None,
    }
    models = ", ".join(catalogue.MODELS)
    assert problems(config, schema) == [
        "speed.comparisons.a.networks[1] = 'mpl': unknown network; did you mean mlp?",
        f"speed.comparisons.a.networks[3] = 'cnn_depth_3': unknown network; choose one of {models}",
        "speed.comparisons.a.methods[0] = 'jpv': unknown method; did you mean jvp?",
    ]
    config["speed"]["comparisons"] = {"a": {"networks": ["lr"], "methods": ["jvp"], "batch_sizes": [0]}}
    config["speed"]["devices"] = ["gpu"]
    assert sorted(problems(config, schema)) == [
        "speed.comparisons.a.batch_sizes[0] = 0: allowed is an integer at least 1 and at most 1000000000",
        "speed.devices[0] = 'gpu': allowed is cpu or cuda",
    ]


def test_the_name_is_taken(load, schema):
    config = load("config")
    config["experiments"]["speed"] = config["experiments"]["students"]
    assert "experiments.speed: allowed is another name, this one is that of a kind of experiment" in problems(
        config, schema
    )


def test_lists_of_keys_are_read_in_order():
    assert keys_of("MEASURED")("jvp,backprop") == ["jvp", "backprop"]
