"""Faults of files: a result or an input of a finished run is damaged."""

from collections.abc import Callable
from pathlib import Path

from faults.project import Outcome, Project
from faults.runner import Fault, put_back

RUN = "results/runs/tiny/penguins/students_lr/backprop/seed-1"
STEPS = "results/steps/cpu/lr/batch-64/threads-1/process-0"


def damaged(path: str, how: Callable[[Path], None], says: str = "", status: int | None = None) -> Fault:
    """A file is damaged; what is only missing is made without a word. An input is put back, by who damaged it."""

    def disturb(project: Project) -> Outcome:
        how(project / path)
        return project.run()

    return Fault(
        name=f"`{path}`: {how.__doc__.lower().rstrip('.')}",
        disturb=disturb,
        says=says,
        status=int(bool(says)) if status is None else status,
        mend=put_back(path),
        lost=(path.rpartition("/")[0] + "/",),
    )


def result(path: str, how: Callable[[Path], None], fault: str, target: str | None = None) -> Fault:
    """A result is damaged; the line names the file to delete, the damaged one or a `target`."""
    return damaged(path, how, f"{path} {fault}; to make it again, delete {target or path} and run the same command")
