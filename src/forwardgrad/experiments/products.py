"""A table or a figure as data: its file, the function that makes it, what that reads, what a reader is told.

Every kind of experiment declares its own in its `plan`. The rules, the page and `snakemake --report` take them
from there, and `forwardgrad table` and `forwardgrad figure` make one from the name of its file.
"""

import re
from dataclasses import dataclass

FRAMES = ("frames/{experiment}.csv", "frames/{experiment}-runs.csv", "frames/{experiment}-costs.csv")
QUOTED = "report/quoted.csv"


@dataclass(frozen=True)
class Product:
    """One table or figure, or one for each value of the names in its path.

    Attributes:
        path: Where it lies below the folder of results, names in braces: `figures/{experiment}/rates.svg`.
        made_by: `module:function` below `forwardgrad.experiments`. It takes the results, the names of the path, and
            what `given` returns.
        reads: Files that it reads, below the folder of results but for QUOTED, with the same names in braces.
        title: What it is, in a few words.
        caption: What it shows: the one caption for the figure itself, the page and `snakemake --report`.
        given: A function of the plan that takes the configuration and the names of the path; it raises ValueError if
            the configuration has nothing of these names, and returns what else `made_by` takes.
    """

    path: str
    made_by: str
    reads: tuple[str, ...]
    title: str
    caption: str
    given: str = ""

    @property
    def kind(self) -> str:
        """The kind of experiment that it belongs to."""
        return self.made_by.partition(".")[0]

    @property
    def rule(self) -> str:
        """The name of the rule that makes it, such as `training_rates_figure`."""
        return f"{self.kind}_{self.function}_{self.path.partition('/')[0].rstrip('s')}"

    @property
    def module(self) -> str:
        """The module that makes it, by its name below the package."""
        return f"experiments.{self.made_by.partition(':')[0]}"

    @property
    def function(self) -> str:
        """The function that makes it."""
        return self.made_by.partition(":")[2]

    @property
    def place(self) -> tuple[str, str, str]:
        """`tables` or `figures`, the folder below it, and the path without its suffix."""
        folder, group, *_ = self.path.split("/")
        return folder, group, self.path.rpartition(".")[0]

    @property
    def inputs(self) -> list[str]:
        """The files that it reads, with names in braces."""
        return [path if path == QUOTED else f"results/{path}" for path in self.reads]

    def match(self, path: str) -> dict[str, str] | None:
        """Return the names for which the product lies at `path` below the folder of results; None if for none."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[a-z0-9_]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None
