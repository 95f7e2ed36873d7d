"""Columns of the frame of `networks`: those of the frame of `speed`.

Rows at the batch size of the memory have no time, the others no memory.
"""

from forwardgrad.experiments.speed import columns

FRAMES = {"": columns.SPEED}
QUERIED_TABLES = {}

INTERVALS = {"": columns.INTERVALS[""]}

# Published with the rows of `speed`, in one table.
PUBLISHED = {"": columns.PUBLISHED[""]}
