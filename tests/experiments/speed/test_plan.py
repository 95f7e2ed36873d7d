from forwardgrad import catalogue
from forwardgrad.arguments import keys_of
from forwardgrad.experiments.speed.plan import measurements
from forwardgrad.pipeline.cli import parser
from forwardgrad.pipeline.validation import problems

SPEED = {
    "title": "Steps",
    "devices": ["cpu"],
    "models": ["lr", "mlp"],
    "batch_sizes": [16, 64],
    "depths": [2, 5],
    "methods": ["jvp"],
    "depth_methods": ["jvp", "forward_rank_one"],
    "processes": 2,
    "seconds": 1,
    "memory": True,
}


def test_models_are_measured_at_every_batch_size_and_depths_at_the_papers():
    found = {one.path: one for one in measurements({"speed": SPEED})}
    assert list(found) == [
        "cpu/lr/batch-16",
        "cpu/lr/batch-64",
        "cpu/mlp/batch-16",
        "cpu/mlp/batch-64",
        "cpu/mlp_depth_5/batch-64",
    ]
    assert found["cpu/mlp/batch-16"].methods == ("jvp",)
    assert not found["cpu/mlp/batch-16"].memory
    assert found["cpu/mlp_depth_5/batch-64"].arguments(0) == (
        "--depths 5 --batch-size 64 --device cpu --methods jvp,forward_rank_one --memory"
    )


def test_memory_and_what_is_compiled_are_measured_in_the_first_process_alone():
    (found,) = measurements({"speed": SPEED | {"models": [], "depths": [5], "depth_methods": ["backprop_compiled"]}})
    common = "--depths 5 --batch-size 64 --device cpu --methods"
    assert found.arguments(0) == f"{common} backprop_compiled --memory"
    assert found.arguments(1) == f"{common} evaluation"


def test_two_hidden_layers_are_measured_once():
    found = {one.path: one for one in measurements({"speed": SPEED})}
    assert found["cpu/mlp/batch-64"].methods == ("jvp", "forward_rank_one")
    assert found["cpu/mlp/batch-64"].memory
    alone = measurements({"speed": SPEED | {"models": ["lr"]}})
    assert "cpu/mlp_depth_2/batch-64" in [one.path for one in alone]


def test_every_measurement_of_a_preset_is_a_sound_command(preset):
    found = measurements(preset)
    assert len({one.path for one in found}) == len(found)
    for one in found:
        first, second = (
            parser().parse_args(["bench", *one.arguments(process).split(), "--json", "rows.json"]) for process in (0, 1)
        )
        assert first.methods == list(one.methods)
        assert second.methods == [method for method in one.methods if method != "backprop_compiled"]
        assert not second.memory


def test_the_default_measures_what_the_headline_needs(load):
    found = {one.path: set(one.methods) for one in measurements(load("config"))}
    assert {f"cpu/{network}/batch-64" for network in ("lr", "mlp", "cnn", "mlp_depth_10", "mlp_depth_50")} == set(found)
    for network in ("lr", "mlp", "cnn"):
        assert {"jvp", "forward_gaussian", "forward_rank_one"} <= found[f"cpu/{network}/batch-64"]


def test_names_are_checked_with_the_configuration(load, schema):
    config = load("config")
    config["speed"] |= {"models": ["lr", "mpl"], "methods": ["jpv"]}
    assert problems(config, schema) == [
        "speed.models[1] = 'mpl': unknown network; did you mean mlp?",
        "speed.methods[0] = 'jpv': unknown method; did you mean jvp?",
    ]
    config["speed"] |= {"batch_sizes": [0], "devices": ["gpu"]}
    assert problems(config, schema) == [
        "speed.batch_sizes[0] = 0: allowed is an integer at least 1",
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
    assert set(catalogue.BENCHMARKED) < set(catalogue.MODELS)
