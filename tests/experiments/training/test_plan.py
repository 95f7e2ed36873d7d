from forwardgrad.experiments.training.runs import Method, Run, Stop, expand, seeds


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


def test_the_default_has_at_most_a_thousand_runs_each_once(preset):
    runs = expand(preset)
    assert len(runs) <= 1000
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
