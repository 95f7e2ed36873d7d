"""Which software and machine made something: what a reader needs to judge times and repeat results."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("forwardgrad", "numpy", "pandas", "scipy", "matplotlib", "seaborn", "snakemake")
LIBRARY = ("torch", "numpy", "forwardgrad")  # what numbers are computed with


def made_here(threads: int, device: str = "cpu") -> dict[str, Any]:
    """Return what the record of a result says of its making: software, torch's device and threads, commit, machine."""
    return {"versions": versions(LIBRARY), "device": device, "threads": threads, "commit": commit(), "host": host()}


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """Return the version of Python and of each installed package."""
    found = {"python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def host() -> dict[str, str | int]:
    """Return the processor's name, the number of cores this process may use, and the operating system."""
    return {"cpu": cpu_name(), "cores": usable_cores(), "system": f"{platform.system()} {platform.machine()}"}


def cpu_name(information: Path = Path("/proc/cpuinfo")) -> str:
    """Return the processor's name as Linux gives it, elsewhere as Python does."""
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit(root: Path = Path()) -> str | None:
    """Return the commit checked out at `root`, with `-dirty` if tracked files differ; None outside a repository."""
    try:
        described = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()
