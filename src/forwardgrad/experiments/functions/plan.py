"""What the experiment `functions` makes: cases, each a test function with a start and settings, tables and figures.

Pure functions of the configuration, standard library only.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.suggestions import unknown, unknown_value

Config = dict[str, Any]
EXPERIMENT, PART = "functions", "results"
GRADIENT_DESCENT = "gradient_descent"
ADDED = "_added"  # behind a method whose step was measured with a sum in place of a product
FORWARD = "forward_"  # then the distribution of the tangents
TWO_POINT = "two_point_"  # differences of two values, along tangents of the distribution that follows
METHODS = (GRADIENT_DESCENT, "forward_gaussian", "forward_rademacher", "forward_sphere", "two_point_gaussian")


@dataclass(frozen=True)
class Case:
    """One function from one start.

    Attributes:
        source: Whose settings they are: `paper`, `gallo`, `ours`.
        name: Name of the case, unique within its source.
        function: Key of the function.
        start: Where every descent starts.
        learning_rate: Rate lr_0 of the first step.
        decay: k in lr_i = lr_0 exp(-k i); 0 keeps the rate constant.
        steps: Number of updates.
        methods: Gradient descent, and forward gradients by the distribution of their tangents.
        seeds: Number of seeds of the forward gradients.
        difference: Step of the two-point differences; 0 where there are none.
    """

    source: str
    name: str
    function: str
    start: tuple[float, ...]
    learning_rate: float
    decay: float
    steps: int
    methods: tuple[str, ...]
    seeds: int
    difference: float = 0.0

    @property
    def path(self) -> str:
        """Path of its results below the folder of the experiment, without suffix."""
        return f"{self.source}/{self.name}"

    @property
    def dimensions(self) -> int:
        """Number of coordinates of a point."""
        return len(self.start)

    def seeds_of(self, method: str) -> range:
        """Return the seeds of `method`: gradient descent draws nothing, so it has one run."""
        return range(1 if method == GRADIENT_DESCENT else self.seeds)

    def to_json(self) -> str:
        """One line of JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Case":
        """Inverse of `to_json`."""
        fields = json.loads(text)
        return Case(**fields | {"start": tuple(fields["start"]), "methods": tuple(fields["methods"])})


def cases(config: Config) -> list[Case]:
    """Return the cases of a checked configuration, in its order."""
    section = config[EXPERIMENT]
    return [
        Case(
            source=source,
            name=name,
            function=settings.get("function", name),
            start=tuple(map(float, settings["start"])) * settings.get("repeat", 1),
            learning_rate=settings["learning_rate"],
            decay=settings.get("decay", 0.0),
            steps=settings["steps"],
            methods=tuple(settings.get("methods", section["methods"])),
            seeds=section["seeds"],
            difference=settings.get("difference", 0.0),
        )
        for source, named in section["cases"].items()
        for name, settings in (named or {}).items()
        if settings is not None
    ]


def case_at(config: Config, source: str, function: str) -> Case:
    """Return the case of these names.

    Raises:
        ValueError: The configuration has no such case.
    """
    path = f"{source}/{function}"
    for case in cases(config):
        if case.path == path:
            return case
    raise ValueError(f"results/functions/{path}: the configuration has no such case")


def settings(config: Config, source: str, function: str) -> dict[str, str]:
    """Give a figure of one case its settings."""
    return {"case": case_at(config, source, function).to_json()}


def steps(config: Config, experiment: str = EXPERIMENT) -> list[Any]:
    """Return the steps of networks whose cost is needed: none."""
    return []


def datasets(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the data sets that are needed: none."""
    return []


def files(config: Config, suffix: str) -> list[str]:
    """Return the files of all cases that end in `suffix`."""
    return [f"results/functions/{case.path}{suffix}" for case in cases(config)]


def costs(config: Config, suffix: str) -> list[str]:
    """Return the files of the measurements of steps, one for each process, that end in `suffix`."""
    return [f"results/functions/costs/process-{process}{suffix}" for process in range(config["timing"]["processes"])]


def spheres(config: Config) -> list[Case]:
    """Return the cases of which single steps are measured: on a sphere every point is like every other."""
    return [case for case in cases(config) if case.function == "sphere"]


def contractions(config: Config, suffix: str) -> list[str]:
    """Return the files of single steps on spheres that end in `suffix`."""
    return [f"results/functions/{case.path}-contraction{suffix}" for case in spheres(config)]


def records(config: Config) -> list[str]:
    """Return the records of everything that is measured."""
    return [path for part in (files, contractions, costs) for path in part(config, "-record.json")]


def measured(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return everything that is measured, every file of it."""
    rows = [path for part in (files, contractions, costs) for path in part(config, ".csv")]
    return [*rows, *files(config, "-runs.csv"), *records(config)]


def tables(config: Config, experiment: str = EXPERIMENT) -> list[str]:
    """Return the tables."""
    return [f"results/tables/functions/{name}.csv" for name in ("outcomes", "contraction", "costs")]


def figures(config: Config, experiment: str = EXPERIMENT, available: Collection[str] = ()) -> list[str]:
    """Return the figures: time of a step, the paper's functions, the spheres. Other cases are rows of a table."""
    paper = [f"{case.source}-{case.name}" for case in cases(config) if case.source == "paper"]
    names = ["cost", *(f"{case}-{kind}" for case in paper for kind in ("loss", "paths"))]
    names += ["spheres"] if spheres(config) else []
    return [f"results/figures/functions/{name}.svg" for name in names]


def problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the section `functions` of a configuration that has the right form."""
    section = config[EXPERIMENT]
    yield from unknown("functions.methods", section["methods"], "method", METHODS)
    for source, named in section["cases"].items():
        for name, case in (named or {}).items():
            if case is not None:
                yield from case_problems(f"functions.cases.{source}.{name}", case.get("function", name), case)


def case_problems(key: str, function: str, case: dict[str, Any]) -> Iterator[str]:
    """Yield why a test function cannot be run: it is unknown, or not defined at the start."""
    if function not in FUNCTIONS:
        yield from unknown_value(f"{key}.function", function, "function", FUNCTIONS)
        return
    known, given = FUNCTIONS[function], len(case["start"]) * case.get("repeat", 1)
    if known.dimensions not in (None, given):
        yield f"{key}.start: {function} takes {known.dimensions} coordinates, not {given}"
    if given % known.group:
        yield f"{key}.start: {function} takes a multiple of {known.group} coordinates, not {given}"
    yield from unknown(f"{key}.methods", case.get("methods", ()), "method", METHODS)
    if "difference" not in case and any(method.startswith(TWO_POINT) for method in case.get("methods", ())):
        yield f"{key}.difference is missing: the step of the two-point differences, such as 0.1"
