"""Gradients without backpropagation: forward gradients, their tangents, and the paper's claims put to the test.

The library is small and reads in one sitting, in `forwardgrad.core`: `tangents` (what is drawn), `engine`
(how a primal and its tangent pass through a network together), `gradients` (every estimator), `estimator`
(one in use) and `estimates` (what one returns, and a step along it).
Its entry points are offered here and loaded when they are first asked for: the import itself needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forwardgrad.core.estimates import step_, write_gradient_
    from forwardgrad.core.estimator import directional_derivative, make_estimator
    from forwardgrad.core.gradients import ESTIMATORS
    from forwardgrad.core.optimizer import ForwardOptimizer
    from forwardgrad.core.rates import stable_rate
    from forwardgrad.experiments.speed.bench import bench_network

__version__ = "1.0.0"
__all__ = [
    "ESTIMATORS",
    "ForwardOptimizer",
    "bench_network",
    "directional_derivative",
    "make_estimator",
    "stable_rate",
    "step_",
    "write_gradient_",
]

WHERE = {
    "ESTIMATORS": "core.gradients",
    "ForwardOptimizer": "core.optimizer",
    "bench_network": "experiments.speed.bench",
    "stable_rate": "core.rates",
    "directional_derivative": "core.estimator",
    "make_estimator": "core.estimator",
    "step_": "core.estimates",
    "write_gradient_": "core.estimates",
}


def __getattr__(name: str) -> object:
    """Load an entry point of the library (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"forwardgrad.{WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
