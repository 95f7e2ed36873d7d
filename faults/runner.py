"""What every fault must leave: one line that names it, nothing lost, and a run that the same command completes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from faults.damages import remove, restore
from faults.project import Outcome, Project

# How the line of a traceback begins, and how one in a rule does.
TRACEBACK = re.compile(r"Traceback \(most recent|^\s+File \".*\", line \d+|^[A-Za-z]*Exception in ")
DELETE = re.compile(r"to make it again, delete (\S+) and run the same command")


@dataclass(frozen=True)
class Fault:
    """A fault, and how it must end.

    Attributes:
        name: What happens.
        disturb: Puts it into a run of a project, and returns how the command ended.
        says: The line that names it, in which … stands for anything; empty if the command completes as if nothing was.
        status: Exit status of the command that is disturbed; None if it depends on the moment.
        mend: What is done before the same command is given again, if the line does not say what to delete.
        fresh: Whether the run that is disturbed is the first, or one that would have nothing to do.
        repeat: Whether the same command is given once more before that: a job that failed must not count as done.
        mounts: Whether it mounts a disk for itself, which not every system lets people do.
        lost: Which finished files may be made again: those below these folders.
    """

    name: str
    disturb: Callable[[Project], Outcome]
    says: str = ""
    status: int | None = 0
    mend: Callable[[Project, Project], None] | None = None
    fresh: bool = False
    repeat: bool = False
    mounts: bool = False
    lost: tuple[str, ...] = ()


def endure(fault: Fault, undisturbed: Project, folder: Path) -> None:
    """Put `fault` into a run in `folder`; assert that it ends as it must."""
    project = Project.fresh(folder) if fault.fresh else undisturbed.copy(folder)
    before = project.finished()
    outcome = fault.disturb(project)
    assert fault.status in (None, outcome.status), outcome
    line = named(fault.says, outcome)
    before |= project.finished() if fault.fresh else {}
    if fault.repeat:
        again = project.run()
        assert again.status == fault.status, again
        named(fault.says, again)
    mend(fault, line, project, undisturbed)
    after = project.run()
    assert after.status == 0, after
    assert_same(project, undisturbed)
    again = made_again(before, project, fault.lost)
    assert again == [], again


def named(says: str, outcome: Outcome) -> str:
    """Return how `outcome` names what is wrong, as it `says`, in one way alone; assert that it shows no traceback."""
    assert not [line for line in outcome.lines if TRACEBACK.search(line)], outcome
    pattern = re.compile(".*?".join(map(re.escape, says.split("…"))))
    found = {match.group() for line in outcome.lines if (match := pattern.search(line))} if says else {""}
    assert len(found) == 1, (says, outcome)
    return found.pop()


def mend(fault: Fault, line: str, project: Project, undisturbed: Project) -> None:
    """Do what the line says is to be done, or else what the fault says."""
    if found := DELETE.search(line):
        remove(project / found[1])
    elif fault.mend:
        fault.mend(project, undisturbed)


def assert_same(project: Project, undisturbed: Project) -> None:
    """Assert that all that does not depend on measured times is the same to the byte."""
    ours, theirs = project.deterministic(), undisturbed.deterministic()
    differing = [name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    assert differing == [], differing


def made_again(before: dict[str, int], project: Project, folders: tuple[str, ...]) -> list[str]:
    """Return the files that were finished and are not as they were, but for those below `folders`."""
    after = project.finished()
    changed = [name for name, time in before.items() if after.get(name) != time]
    return [name for name in changed if not name.startswith(folders or "/")]


def put_back(path: str) -> Callable[[Project, Project], None]:
    """Return what puts a file back as it was."""
    return lambda project, undisturbed: restore(project / path, undisturbed / path)
