import json

from forwardgrad.report import plan


def test_the_first_experiment_at_fixed_rates_is_explored(load):
    config = load("config")
    assert plan.explored(config) == "students"
    assert plan.explored(config | {"run": ["functions", "tuning", "controls"]}) == "controls"
    assert json.loads(plan.parameters(config, "explore_results")) == {"experiment": "students"}
    assert "results/frames/students-runs.csv" in plan.reads(config, "explore_results")


def test_without_runs_there_is_no_page_about_results(load):
    config = load("config") | {"run": ["speed"], "notebooks": {"show": ["prerequisites", "explore_results"]}}
    assert plan.pages(config) == ["report/notebooks/prerequisites.html"]
