"""Rules of forward mode for torch functions, as `general` meets them.

Each takes the mode, the function and its arguments, tensors among them perhaps dual numbers, parameters not yet.
"""

from collections.abc import Callable
from typing import Any

from forwardgrad.core.engine.functions import attention, linear, normalisations, others

RULES: dict[Callable, Callable[..., Any]] = linear.RULES | normalisations.RULES | attention.RULES | others.RULES
