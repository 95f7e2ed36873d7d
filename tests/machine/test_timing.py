import itertools

import numpy as np
import pytest

from forwardgrad.machine import timing
from forwardgrad.machine.timing import Step, calls_of, interleave, low, processor_seconds


class Machine:
    """A clock that only steps move; it is the `clock` of a measurement."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self, work):
        start = self.now
        work()
        return self.now - start

    def step(self, name, seconds, period=1, drawing=0.0):
        """A step that takes so long, and `drawing` more at its first call and every `period` calls from there."""
        count = itertools.count()

        def take():
            self.calls.append(name)
            self.now += seconds + drawing * (next(count) % period == 0)

        return Step(take, period)


@pytest.fixture
def machine():
    return Machine()


def test_interleaved_samples_are_seconds_per_call(machine):
    steps = {"short": machine.step("short", 2**-11), "long": machine.step("long", 0.25)}
    samples = interleave(steps, 0, 7, machine)
    assert samples["short"].tolist() == [2**-11] * 7
    assert samples["long"].tolist() == [0.25] * 7


def test_a_sample_lasts_two_milliseconds_after_one_call_that_does_not_count_if_it_is_short(machine):
    interleave({"short": machine.step("short", 2**-11), "long": machine.step("long", 0.25)}, 0, 7, machine)
    assert machine.calls.count("short") == 1 + 7 * (1 + 5)  # once timed for the estimate; 5 * 2^-11 s >= 2 ms
    assert machine.calls.count("long") == 7  # the call for the estimate is its sample


def test_the_first_call_of_all_is_no_measure(machine, monkeypatch):
    monkeypatch.setattr(timing, "cpu", machine)
    found = processor_seconds({"a": machine.step("a", 0.25, period=100, drawing=8.0).run}, 0, rounds=5)
    assert found == {"a": 0.25}
    assert len(machine.calls) == 1 + 5


def test_every_round_takes_every_step_in_changing_order(machine):
    interleave({name: machine.step(name, 1.0) for name in "abc"}, 0, 20, machine)
    rounds = [tuple(machine.calls[index : index + 3]) for index in range(0, 60, 3)]
    assert len(machine.calls) == 60
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds)
    assert len(set(rounds)) > 3


def test_time_to_spend_decides_the_rounds(machine):
    steps = {"a": machine.step("a", 1.0), "b": machine.step("b", 2.0)}
    assert len(interleave(steps, 60, 1, machine)["a"]) == 20
    assert len(interleave(steps, 60, 30, machine)["a"]) == 30
    # The call that does not count takes time as well.
    assert len(interleave({"a": machine.step("a", 2**-8)}, 1, 1, machine)["a"]) == 128


def test_samples_hold_whole_periods(machine):
    """However the calls before it stand to the period, a sample has its share of the draws."""
    step = machine.step("a", 2**-12, period=16, drawing=2**-6)
    step.run()
    samples = interleave({"a": step}, 0, 9, machine)
    assert samples["a"].tolist() == [2**-12 + 2**-10] * 9


@pytest.mark.parametrize(
    ("period", "estimate", "calls"),
    [
        (1, 1.0, 1),
        (1, 1e-3, 2),
        (1, 0.9e-3, 3),
        (64, 1e-3, 64),
        (2, 0.9e-3, 4),
        (48, 4e-5, 96),  # 50 calls take two milliseconds
        (64, 2**-9, 64),  # 0.125 s
        (64, 2**-8, 1),  # 0.25 s: too long
    ],
)
def test_calls_of_a_sample(period, estimate, calls):
    assert calls_of(Step(lambda: None, period), estimate) == calls


def test_whatever_else_the_machine_does_does_not_count(machine):
    """Others take the processor between calls for most of the time: by a clock of work alone it is as without them."""
    step = machine.step("a", 0.01)
    others = itertools.cycle([0.0, 5.0, 0.3])
    wall = [0.0]

    def disturbed():
        step.run()
        wall[0] += 0.01 + next(others)

    def by_wall(work):
        start = wall[0]
        work()
        return wall[0] - start

    assert interleave({"a": Step(disturbed)}, 0, 30, machine)["a"] == pytest.approx([0.01] * 30)
    assert np.median(interleave({"a": Step(disturbed)}, 0, 30, by_wall)["a"]) > 0.2


def test_the_lowest_tenth_is_what_most_disturbances_leave_alone():
    assert low(np.arange(11.0)) == 1
    samples = np.full(40, 2.0)
    samples[5:] *= np.linspace(1.1, 50, 35)
    assert low(np.random.default_rng(0).permutation(samples)) == 2
    assert timing.QUANTILE == 0.1
