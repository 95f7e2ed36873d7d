"""Faults of files: a result or an input of a finished run is damaged."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from faults.damages import remove
from faults.project import Outcome, Project
from faults.runner import Fault, put_back

Mend = Callable[[str], Callable[[Project, Project], None]]
RUN = "results/runs/tiny/penguins/students_lr/backprop/seed-1"
STEPS = "results/steps/cpu/lr/batch-64/threads-1/process-0"


def damaged(path: str, how: Callable[[Path], None], says: str = "", mend: Mend = put_back, lost: str = "") -> Fault:
    """A file is damaged; what is only missing is made without a word. What was there is put back, or as `mend` does."""

    def disturb(project: Project) -> Outcome:
        how(project / path)
        return project.run()

    return Fault(
        name=f"`{path}`: {how.__doc__.lower().rstrip('.')}",
        disturb=disturb,
        says=says,
        status=int(bool(says)),
        mend=mend(path),
        lost=(lost or path.rpartition("/")[0] + "/",),
    )


def removed(path: str) -> Callable[[Project, Project], None]:
    """Return what removes the damaged file."""
    return lambda project, _: remove(project / path)


def result(path: str, how: Callable[[Path], None], fault: str, target: str | None = None) -> Fault:
    """A result is damaged; the line names the file to delete, the damaged one or a `target`."""
    says = f"{path} {fault}; to make it again, delete {target or path} and run the same command"
    return replace(damaged(path, how, says), repeat=True)
