"""Timing that holds on a busy machine: interleaved samples by a clock that counts work alone, and a low quantile.

Every round takes one sample of every step, in a random order, so that a slow spell of the machine hits all of them
alike. Whatever disturbs a sample makes it longer, never shorter: its lowest tenth says what the step itself costs.
What differs between two processes (where their memory lies) is not seen within one: measure in several.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from forwardgrad.machine.clocks import Clock, cpu, repeated

SAMPLE_SECONDS = 2e-3
PERIOD_SECONDS = 0.2  # a sample that takes longer than this need not hold whole periods
WARM_SECONDS = 20e-3  # a step this long warms its own caches: it is 1 to 3 % slower than when repeated at once
QUANTILE = 0.1


@dataclass(frozen=True)
class Step:
    """What is timed.

    Attributes:
        run: Does it once.
        period: After so many calls random numbers are drawn for as many at once: samples hold whole periods.
    """

    run: Callable[[], object]
    period: int = 1


def interleave(steps: dict[str, Step], seconds: float, rounds: int, clock: Clock) -> dict[str, np.ndarray]:
    """Time `steps` in interleaved rounds for about `seconds` in all.

    A sample repeats its step until it lasts two milliseconds, well above the clock's and the interpreter's jitter.

    Args:
        steps: What to time, by name. Each has been called before: the first call of all is no measure.
        seconds: Time to spend, by the clock.
        rounds: Least number of rounds, whatever they take.
        clock: Returns the seconds of what it is given.

    Returns:
        Seconds per call, shape (rounds,), row i of every step from the same round.
    """
    order = np.random.default_rng()  # not seeded: every process has an order of its own

    def sample(name: str) -> float:
        if warm[name]:
            steps[name].run()
        return clock(repeated(steps[name].run, calls[name])) / calls[name]

    calls, warm, total = {}, {}, 0.0
    samples: dict[str, list[float]] = {name: [] for name in steps}
    for name in order.permutation(list(steps)):
        step = steps[name]
        estimate = clock(step.run)
        calls[name], warm[name] = calls_of(step, estimate), estimate < WARM_SECONDS
        # The first round: of a long step the estimate is its sample.
        samples[name].append(sample(name) if warm[name] else estimate)
        calls[name] = calls_of(step, samples[name][0])
        total += (calls[name] + warm[name]) * samples[name][0]
    for _ in range(max(rounds, int(seconds / total)) - 1):
        for name in order.permutation(list(steps)):
            samples[name].append(sample(name))
    return {name: np.array(own) for name, own in samples.items()}


def calls_of(step: Step, estimate: float) -> int:
    """Return how often a sample calls `step`, which takes about `estimate` seconds: whole periods, unless too long."""
    calls = max(1, math.ceil(SAMPLE_SECONDS / estimate))
    whole = step.period * math.ceil(calls / step.period)
    return whole if whole * estimate <= PERIOD_SECONDS else calls


def low(samples: np.ndarray) -> float:
    """Return what undisturbed samples are: their lowest tenth."""
    return float(np.quantile(samples, QUANTILE))


def processor_seconds(functions: dict[str, Callable[[], object]], seconds: float, rounds: int = 5) -> dict[str, float]:
    """Return the seconds of processor time that a call of each of the `functions` takes, by name."""
    for function in functions.values():
        function()
    samples = interleave({name: Step(run) for name, run in functions.items()}, seconds, rounds, cpu)
    return {name: low(values) for name, values in samples.items()}
