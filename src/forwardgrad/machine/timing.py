"""Timing that survives a noisy machine: interleaved samples, medians, ratios paired by round.

Every round takes one sample of every step, in a random order. A slow spell of the machine then hits all
of them alike, and ratios within a round stay meaningful when the times themselves do not.
"""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

SAMPLE_SECONDS = 2e-3
WARM_SECONDS = 20e-3  # a step this long warms its own caches: it is 1 to 3 % slower than when repeated at once
RESAMPLES = 2000
Steps = dict[str, Callable[[], object]]
Samples = dict[str, np.ndarray]


def once(step: Callable[[], object], calls: int, wait: Callable[[], None], warm: bool = True) -> float:
    """Return the seconds per call of `calls` calls; `warm`: after one that is not counted and warms the caches."""
    if warm:
        step()
    wait()
    start = time.perf_counter()
    for _ in range(calls):
        step()
    wait()
    return (time.perf_counter() - start) / calls


def interleave(steps: Steps, seconds: float, minimum: int = 10, wait: Callable[[], None] = lambda: None) -> Samples:
    """Time `steps` in interleaved rounds for about `seconds` in all.

    A sample repeats its step until it lasts two milliseconds, well above the clock's and the
    interpreter's jitter.

    Args:
        steps: What to time, by name.
        seconds: Time to spend; at least `minimum` rounds are done whatever it takes.
        minimum: Least number of rounds.
        wait: Waits for the device, before and after each sample.

    Returns:
        Seconds per call, shape (rounds,), row i of every step from the same round.
    """
    calls, warm, total = {}, {}, 0.0
    for name, step in steps.items():
        estimate = once(step, 1, wait)
        if estimate < SAMPLE_SECONDS:  # else one call is a sample anyway
            estimate = min(once(step, 1, wait) for _ in range(3))
        calls[name] = max(1, math.ceil(SAMPLE_SECONDS / estimate))
        warm[name] = estimate < WARM_SECONDS
        total += (calls[name] + warm[name]) * estimate
    rounds = max(minimum, int(seconds / total))
    order = np.random.default_rng()  # not seeded: every process has an order of its own
    samples = {name: np.empty(rounds) for name in steps}
    for index in range(rounds):
        for name in order.permutation(list(steps)):
            samples[name][index] = once(steps[name], calls[name], wait, warm[name])
    return samples


def median_interval(samples: np.ndarray) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the median."""
    rounds = np.random.default_rng(0).integers(len(samples), size=(RESAMPLES, len(samples)))
    low, high = np.percentile(np.median(samples[rounds], axis=1), [2.5, 97.5])
    return float(low), float(high)


def cost(parts: Sequence[np.ndarray]) -> float:
    """Return the mean over the parts of each one's median; a step that is always the same is one part."""
    return float(np.mean([np.median(part) for part in parts]))


def cost_ratio(parts: Sequence[np.ndarray], base: np.ndarray) -> tuple[float, float, float]:
    """Return cost over median of `base`, with its 95 % interval; whole rounds are resampled, which keeps the pairs."""
    rounds = np.random.default_rng(0).integers(len(base), size=(RESAMPLES, len(base)))
    medians = np.mean([np.median(part[rounds], axis=1) for part in parts], axis=0)
    low, high = np.percentile(medians / np.median(base[rounds], axis=1), [2.5, 97.5])
    return cost(parts) / float(np.median(base)), float(low), float(high)
