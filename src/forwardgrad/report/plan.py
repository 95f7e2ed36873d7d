"""Which notebooks the configuration shows, what each reads, and its parameters."""

import json
from typing import Any

from forwardgrad.experiments.kinds import kind_of
from forwardgrad.experiments.training.plan import all_runs, is_grid

Config = dict[str, Any]


def explored(config: Config) -> str | None:
    """Return the experiment that the notebook on results reads: the first to be run that trains at fixed rates."""
    trained = (name for name in config["run"] if kind_of(name) == "training")
    return next((name for name in trained if not is_grid(all_runs(config, name))), None)


def pages(config: Config) -> list[str]:
    """Return the pages of the notebooks that the configuration names and that have something to show."""
    names = config.get("notebooks", {}).get("show", [])
    return [f"report/notebooks/{name}.html" for name in names if name != "explore_results" or explored(config)]


def reads(config: Config, notebook: str) -> list[str]:
    """Return the results that a notebook reads."""
    ends = (".csv", "-runs.csv", "-costs.csv", "-provenance.json")
    frames = [f"results/frames/{explored(config)}{end}" for end in ends]
    return {"forward_gradient": ["results/data/mnist5k.npz"], "explore_results": frames}.get(notebook, [])


def parameters(config: Config, notebook: str) -> str:
    """Return the parameters of a notebook, as JSON."""
    own = {"explore_results": {"experiment": explored(config)}}
    return json.dumps(own.get(notebook, {"quick": config["notebooks"]["quick"]}))
