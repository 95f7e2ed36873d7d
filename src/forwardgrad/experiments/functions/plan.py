"""A case of the experiment `functions` as data: a test function, where its descents start, and their settings."""

import json
from dataclasses import asdict, dataclass
from typing import Any

EXPERIMENT = "functions"
GRADIENT_DESCENT = "gradient_descent"
FORWARD = "forward_"  # then the distribution of the directions
METHODS = (GRADIENT_DESCENT, "forward_gaussian", "forward_rademacher", "forward_sphere")


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
        methods: Gradient descent, and forward gradients by the distribution of their directions.
        seeds: Number of seeds of the forward gradients.
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


def cases(config: dict[str, Any]) -> list[Case]:
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
            methods=tuple(section["methods"]),
            seeds=section["seeds"],
        )
        for source, named in section["cases"].items()
        for name, settings in (named or {}).items()
        if settings is not None
    ]


def files(config: dict[str, Any], suffix: str) -> list[str]:
    """Return the files of all cases that end in `suffix`."""
    return [f"results/functions/{case.path}{suffix}" for case in cases(config)]


def contracting(config: dict[str, Any]) -> list[Case]:
    """Return the cases of which single steps are measured: spheres, on which every point is like every other."""
    return [case for case in cases(config) if case.function == "sphere"]


def figures(config: dict[str, Any]) -> list[str]:
    """Return the figures of the experiment: of every case in the plane, of the spheres, of the time of a step."""
    folder = f"results/figures/{EXPERIMENT}"
    plane = [case for case in cases(config) if case.dimensions == 2]
    shown = [f"{folder}/{case.source}-{case.name}-{kind}.svg" for case in plane for kind in ("loss", "paths")]
    return [f"{folder}/cost.svg", *shown, *([f"{folder}/spheres.svg"] if contracting(config) else [])]


def tables() -> list[str]:
    """Return the tables of the experiment."""
    return [f"results/tables/{EXPERIMENT}/{name}.csv" for name in ("outcomes", "contraction", "costs")]
