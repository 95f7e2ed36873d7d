"""Everything that is measured on a GPU: one command, a limited time, torch and numpy alone, one folder to publish."""

from pathlib import Path

PLAN = Path("config/gpu.json")
FOLDERS = (Path("results/gpu"), Path("results/reference/gpu"))  # the first that has a record is shown
