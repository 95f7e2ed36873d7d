"""The command `forwardgrad audit`: compute what defects of published reproductions do."""

from pathlib import Path
from typing import Any

from forwardgrad.arguments import calling, writable


def add(commands: Any) -> None:
    """Add it to the parser's `commands`."""
    command = commands.add_parser("audit", help="compute what defects of published reproductions do")
    command.add_argument("--defects", required=True, type=Path, metavar="YAML", help="what they are")
    command.add_argument("--data", type=Path, metavar="NPZ", help="prepared penguins; left out, what needs them is too")
    command.add_argument("--output", required=True, type=writable, metavar="CSV", help="table to write")
    command.add_argument("--moments", required=True, type=writable, metavar="CSV", help="moments of tangents to write")
    command.set_defaults(carry_out=calling("audit.compute:write", "defects", "data", "output", "moments"))
