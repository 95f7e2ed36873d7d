"""What a defect does to one number, and whether that was shown."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scipy.special import stdtrit
from torch import Tensor

ROUNDING = 1e-6  # numbers closer than this are equal


@dataclass(frozen=True)
class Finding:
    """A number as it should be and as the defect makes it.

    Attributes:
        correct: The number where it is done right.
        found: The number with the defect.
        effect: Whether the defect is said to make it `larger` or `smaller`.
        low: Lower end of the 95 % interval of `found`; `found` itself where nothing is random.
        high: Upper end.
        n: Number of draws or seeds; 1 where nothing is random.
    """

    correct: float
    found: float
    effect: Literal["larger", "smaller"]
    low: float
    high: float
    n: int

    @property
    def shown(self) -> bool:
        """Whether the whole interval lies where the defect is said to bring it."""
        if self.effect == "larger":
            return self.low > self.correct + ROUNDING
        return self.high < self.correct - ROUNDING


def named(*computations: Callable[..., Finding]) -> dict[str, Callable[..., Finding]]:
    """Return computations by the key of their defect, which is their name."""
    return {compute.__name__: compute for compute in computations}


def exact(correct: float, found: float, effect: Literal["larger", "smaller"]) -> Finding:
    """Return the finding of a computation without chance."""
    return Finding(float(correct), float(found), effect, float(found), float(found), 1)


def sampled(correct: float, samples: Tensor, effect: Literal["larger", "smaller"]) -> Finding:
    """Return the finding of independent samples, shape (n,): their mean with its 95 % interval (Student's t)."""
    n = len(samples)
    mean, deviation = samples.double().mean().item(), samples.double().std().item()
    reach = float(stdtrit(n - 1, 0.975)) * deviation / math.sqrt(n)
    return Finding(float(correct), mean, effect, mean - reach, mean + reach, n)
