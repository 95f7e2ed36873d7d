"""An experiment as the report hands it to the section of its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forwardgrad.experiments.kinds import settings_of
from forwardgrad.results.folder import Results


@dataclass(frozen=True)
class Shown:
    """An experiment, as the section of its kind takes it.

    Attributes:
        name: The experiment.
        config: The configuration that was run.
        full: That of the full protocol, for what was left to it.
        results: Where results lie.
        figures: The experiment's figures, as `figure` returns them.
    """

    name: str
    config: Mapping[str, Any]
    full: Mapping[str, Any]
    results: Results
    figures: Sequence[Mapping[str, Any]]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the configuration says of the experiment."""
        return settings_of(self.config, self.name)
