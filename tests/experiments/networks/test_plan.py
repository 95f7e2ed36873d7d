from forwardgrad.catalogue import ARCHITECTURES, MEASURED
from forwardgrad.experiments import kinds
from forwardgrad.experiments.networks.plan import figures, measured, sizes, steps
from forwardgrad.experiments.speed.plan import Measurement, arguments, files
from forwardgrad.pipeline.validation import problems

CONFIG = {
    "timing": {"processes": 4, "seconds": 1},
    "networks": {
        "title": "Networks",
        "networks": ["gpt", "vit"],
        "methods": ["forward_rank_one", "torchzero"],
        "batch_size": 4,
        "memory_batch_size": 8,
        "processes": 3,
    },
}
METHODS = tuple(key for key in MEASURED if key in ("evaluation", "backprop", "torchzero", "forward_rank_one"))


def test_time_is_measured_in_several_processes_and_memory_in_one_at_a_batch_size_of_its_own():
    time = Measurement("cpu", "gpt", 4, METHODS, operations=False, processes=3)
    memory = Measurement("cpu", "gpt", 8, METHODS, memory=True, timed=False, operations=False, processes=3)
    assert steps(CONFIG)[:2] == [time, memory]
    assert [one.network for one in steps(CONFIG)] == ["gpt", "gpt", "vit", "vit"]
    found = files(CONFIG, steps(CONFIG))
    assert [path.removeprefix("results/steps/cpu/gpt/") for path in found if "gpt" in path] == [
        *(f"batch-4/threads-1/process-{process}.json" for process in range(3)),
        "batch-8/threads-1/process-0.json",
    ]
    assert len(measured(CONFIG)) == 2 * len(found)


def test_what_is_not_asked_for_is_not_measured():
    time, memory = (
        arguments(CONFIG, steps(CONFIG), f"cpu/gpt/batch-{size}/threads-1", 0).partition("--methods ")[2].split()[1:]
        for size in (4, 8)
    )
    assert (time, memory) == ([], ["--memory", "--untimed"])


def test_at_one_batch_size_both_are_one_measurement():
    config = CONFIG | {"networks": CONFIG["networks"] | {"memory_batch_size": 4}}
    first, _ = steps(config)
    assert (first.timed, first.memory, first.processes) == (True, True, 3)
    assert sizes(config) == {"batch_size": 4, "memory_batch_size": 4}


def test_the_default_measures_every_architecture(load):
    config = load("config")
    assert {one.network for one in steps(config)} == set(ARCHITECTURES)
    assert set(steps(config)) <= set(kinds.steps(config))
    assert figures(config) == ["results/figures/networks/cost-and-memory.svg"]


def test_names_are_checked_with_the_configuration(load, schema):
    config = load("config")
    config["networks"] |= {"networks": ["gtp"], "methods": ["torchzro"]}
    assert problems(config, schema) == [
        "networks.networks[0] = 'gtp': unknown network; did you mean gpt?",
        "networks.methods[0] = 'torchzro': unknown method; did you mean torchzero?",
    ]
    config["networks"] |= {"networks": ["gpt"], "methods": ["torchzero"], "memory_batch_size": 0}
    (line,) = problems(config, schema)
    assert line.startswith("networks.memory_batch_size = 0: allowed is an integer at least 1")
