import pytest

from forwardgrad.experiments.speed.plan import Measurement
from forwardgrad.experiments.training.plan import costs, problems, steps
from forwardgrad.experiments.training.runs import Method, Run, Stop, expand, seeds, step_key


def test_a_cell_is_the_product_of_its_parts(config):
    config["cells"]["cell"] |= {"datasets": ["mnist5k", "mnist"], "models": ["lr", "mlp"], "seeds": 2}
    config["methods"]["forward_gaussian"] = {"estimator": "forward_gaussian"}
    config["cells"]["cell"]["methods"] = ["backprop", "forward_gaussian"]
    runs = expand(config)
    assert len({run.folder for run in runs}) == len(runs) == 2 * 2 * 2 * 2
    assert runs[-1].folder == "one/mnist/mlp/forward_gaussian/seed-1"


def test_combinations_that_do_not_fit_are_left_out(config):
    config["cells"]["cell"]["models"] = ["students_lr", "lr"]
    assert [run.model for run in expand(config)] == ["students_lr"]


def test_a_method_overrides_the_settings_of_its_cell_key_by_key(config):
    config["cells"]["cell"]["settings"] |= {"batch_size": "full", "normalisation": [0.5, 0.25]}
    config["methods"]["backprop"] |= {"learning_rate": 0.3, "stop": {"loss": 0.2, "split": "test"}}
    (run,) = expand(config)
    assert run.settings == Method(
        estimator="backprop",
        learning_rate=0.3,
        stop=Stop(steps=2, loss=0.2, split="test"),
        batch_size=None,
        normalisation=(0.5, 0.25),
    )


def test_a_grid_runs_every_method_at_every_rate_under_a_name_of_its_own(config):
    config["cells"]["cell"] |= {"rates": [1e-5, 0.00028, 3.0], "first_seed": 10, "seeds": 2, "tuning": True}
    runs = expand(config)
    assert [(run.settings.learning_rate, run.seed) for run in runs] == [
        (rate, seed) for rate in (1e-5, 0.00028, 3.0) for seed in (10, 11)
    ]
    assert [run.method for run in runs[::2]] == ["backprop@1e-05", "backprop@0.00028", "backprop@3"]
    assert runs[0].folder == "one/penguins/students_lr/backprop@1e-05/seed-10"
    assert all(run.tuning for run in runs)
    assert len({run.folder for run in runs}) == 6


def test_a_tuned_rate_is_that_of_the_data_set_model_and_method(config):
    config["cells"]["cell"] |= {"models": ["students_lr", "students_mlp"]}
    config["cells"]["cell"]["settings"]["learning_rate"] = "tuned"
    config["tuned"] = {"penguins": {"students_lr": {"backprop": 0.3}, "students_mlp": {"forward_gaussian": 0.4}}}
    (run,) = expand(config)
    assert (run.model, run.settings.learning_rate, run.tuning) == ("students_lr", 0.3, False)


def test_rates_are_chosen_with_seeds_that_do_not_use_them(load):
    runs = expand(load("config"))
    used = {name: {run.seed for run in runs if run.experiment == name} for name in ("tuning", "convergence")}
    assert used["convergence"] == set(range(10))
    assert not used["tuning"] & used["convergence"]


def test_only_selected_experiments_are_expanded(config):
    config["experiments"]["two"] = config["experiments"]["one"]
    assert {run.experiment for run in expand(config | {"run": ["two"]})} == {"two"}


def test_json_keeps_every_setting(preset):
    for run in expand(preset):
        assert Run.from_json(run.to_json()) == run


def test_the_default_has_at_most_1500_runs_each_once(preset):
    runs = expand(preset)
    assert len(runs) <= 1500
    assert len({run.folder for run in runs}) == len(runs)


def test_the_smoke_configuration_trains_the_papers_networks(load):
    steps = {run.model: run.settings.stop.steps for run in expand(load("smoke"))}
    assert min(steps[model] for model in ("lr", "mlp", "cnn")) >= 20


def test_presets_leave_the_data_splits_of_the_default_alone(load, preset):
    # The arrays hold the splits of as many seeds as any cell needs: presets must not change that number.
    def most(config, dataset):
        return max((seeds(cell).stop for cell in config["cells"].values() if dataset in cell["datasets"]), default=0)

    for dataset in ("penguins", "mnist5k", "kmnist600"):
        assert most(preset, dataset) == most(load("config"), dataset)


def test_the_key_of_a_step_is_the_estimator_and_adam_where_that_takes_it():
    assert step_key(Method("spsa", 0.1, Stop(1))) == "spsa"
    assert step_key(Method("spsa", 0.1, Stop(1), optimizer="adam")) == "spsa+adam"


def asked(config, **settings):
    """What the configuration's experiment needs the cost of, with other settings of its cell and three methods."""
    config["cells"]["cell"] |= {"datasets": ["mnist5k", "kmnist600"], "models": ["lr"], "seeds": 2}
    config["cells"]["cell"]["settings"] |= settings
    config["methods"] |= {
        "forward_gaussian": {"estimator": "forward_gaussian"},
        "slow": {"estimator": "forward_gaussian", "learning_rate": 0.01},
        "adam": {"estimator": "backprop", "optimizer": "adam"},
    }
    config["cells"]["cell"]["methods"] = list(config["methods"])
    return steps(config, "one")


METHODS = ("evaluation", "backprop", "forward_gaussian", "backprop+adam")


def test_a_step_is_asked_for_once_whatever_the_seed_the_rate_and_the_data_set(config):
    (found,) = asked(config, batch_size=64)
    assert found == Measurement("cpu", "lr", 64, ("gathering", *METHODS))
    assert costs(config, "one", ["mnist5k"])[0] == "results/steps/cpu/lr/batch-64/threads-1/process-0.json"
    assert len(costs(config, "one", ["mnist5k"])) == 3
    assert costs(config, "one", []) == []


def test_a_step_on_the_whole_split_has_its_size_and_gathers_nothing(config):
    assert {one.batch_size: one.methods for one in asked(config, batch_size="full")} == {3500: METHODS, 500: METHODS}
    found = {one.batch_size: one.methods for one in asked(config, batch_size=1000)}
    assert found == {1000: ("gathering", *METHODS), 500: METHODS}


def test_times_ask_for_stock_forward_mode_and_memory_for_the_same_steps_with_less(config):
    config["experiments"]["one"]["analyses"] = ["times", "memory"]
    (found,) = asked(config, batch_size=64)
    assert set(found.methods) - {"gathering", *METHODS} == {
        "jvp",
        "forward_ad",
        "backprop_by_hand",
        "backprop_checkpoint",
    }
    assert found.memory


def test_grids_of_rates_are_not_timed(config):
    config["cells"]["cell"]["rates"] = [0.1, 0.2]
    assert asked(config) == []


def test_a_cell_may_give_every_method_its_own_steps_and_rates(config):
    config["methods"]["forward_gaussian"] = {"estimator": "forward_gaussian"}
    cell = config["cells"]["cell"]
    cell |= {"methods": ["backprop", "forward_gaussian"], "evaluate_every": 0.9}
    cell |= {"steps": {"backprop": 40}, "rates": {"backprop": [0.1, 0.2]}}
    found = [(run.method, run.settings.stop.steps, run.evaluate_every) for run in expand(config)]
    assert found == [("backprop@0.1", 40, 36), ("backprop@0.2", 40, 36), ("forward_gaussian", 2, 2)]


@pytest.mark.parametrize(("key", "value"), [("steps", 3), ("rates", [0.1, 0.2])])
def test_steps_and_rates_are_those_of_methods(config, key, value):
    config["cells"]["cell"][key] = {"backprp": value}
    assert list(problems(config)) == [f"cells.cell.{key}[0] = 'backprp': unknown method; did you mean backprop?"]
