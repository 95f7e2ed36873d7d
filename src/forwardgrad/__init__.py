"""Gradients without backpropagation: forward gradients, their tangents, and the paper's claims put to the test.

The library is small and reads in one sitting, in `forwardgrad.core`: `tangents` (what is drawn), `rules` and `forward`
(how a primal and its tangent pass through a network together) `gradients` (every estimator, one signature)
and `estimates` (what one returns, and a step along it).
Its entry points are offered here and loaded when they are first asked for: the import itself needs no torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forwardgrad.core.estimates import step_, write_gradient_
    from forwardgrad.core.gradients import ESTIMATORS, make_estimator

__version__ = "1.0.0"
__all__ = ["ESTIMATORS", "make_estimator", "step_", "write_gradient_"]


def __getattr__(name: str) -> object:
    """Load an entry point of the library (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from forwardgrad.core import estimates, gradients

    return getattr(gradients if hasattr(gradients, name) else estimates, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
