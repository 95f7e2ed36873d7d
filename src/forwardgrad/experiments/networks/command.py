"""The experiment `networks` has no command of its own: `bench` measures its steps, `step-frames` joins them."""

from typing import Any


def add(commands: Any) -> None:
    """Add none."""
