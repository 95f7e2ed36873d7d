import itertools

import numpy as np
import pytest

from forwardgrad.machine import timing


@pytest.fixture
def clock(monkeypatch):
    """A clock that only steps move: `clock(seconds)` is a step that takes so long."""
    now, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def step(name, seconds):
        def take():
            calls.append(name)
            now[0] += seconds

        return take

    step.calls = calls
    return step


def test_interleaved_samples_are_seconds_per_call(clock):
    samples = timing.interleave({"short": clock("short", 2**-11), "long": clock("long", 0.25)}, seconds=0, minimum=7)
    assert samples["short"].tolist() == [2**-11] * 7
    assert samples["long"].tolist() == [0.25] * 7


def test_a_sample_lasts_two_milliseconds_after_one_call_that_does_not_count_if_it_is_short(clock):
    timing.interleave({"short": clock("short", 2**-11), "long": clock("long", 0.25)}, seconds=0, minimum=7)
    runs = [(name, len(list(group))) for name, group in itertools.groupby(clock.calls)]
    warming = {"short": 2 + 3 * 2, "long": 2}  # once, then three times if it is short; each call after one more
    rounds = clock.calls[sum(warming.values()) :]
    assert [rounds.count(name) for name in ("short", "long")] == [7 * (1 + 5), 7]  # 5 * 2^-11 s >= 2 ms
    assert runs[0] == ("short", warming["short"])


def test_every_round_takes_every_step_in_changing_order(clock):
    timing.interleave({name: clock(name, 1.0) for name in "abc"}, seconds=0, minimum=20)
    calls = clock.calls[3 * 2 :]  # each estimate is two calls
    rounds = [tuple(calls[index : index + 3]) for index in range(0, 60, 3)]
    assert all(sorted(names) == ["a", "b", "c"] for names in rounds)
    assert len(set(rounds)) > 3


def test_time_to_spend_decides_the_rounds(clock):
    samples = timing.interleave({"a": clock("a", 1.0), "b": clock("b", 2.0)}, seconds=60)
    assert len(samples["a"]) == 20
    samples = timing.interleave({"a": clock("a", 2**-8)}, seconds=1)  # the call that does not count takes time as well
    assert len(samples["a"]) == 128


def test_the_device_is_waited_for_before_and_after_a_sample(clock):
    timing.once(clock("step", 1.0), 3, lambda: clock.calls.append("wait"))
    assert clock.calls == ["step", "wait", "step", "step", "step", "wait"]


def test_a_ratio_within_rounds_survives_a_slow_spell():
    base = np.array([1.0] * 10 + [5.0] * 10)  # the machine is slow half of the time, for both
    assert timing.cost_ratio([2 * base], base) == (2, 2, 2)


def test_the_ratio_of_several_parts_is_that_of_their_mean():
    base = np.full(9, 2.0)
    assert timing.cost([np.full(9, 1.0), np.full(9, 3.0), np.array([5.0] * 8 + [1e9])]) == 3
    assert timing.cost_ratio([np.full(9, 1.0), np.full(9, 4.0)], base) == (1.25, 1.25, 1.25)


def test_intervals_are_those_of_order_statistics():
    samples = np.random.default_rng(0).permutation(np.arange(1.0, 102.0))
    low, high = timing.median_interval(samples)
    # The binomial interval of the median of 101 numbers runs from the 41st to the 61st.
    assert low == pytest.approx(41, abs=1)
    assert high == pytest.approx(61, abs=1)
    assert timing.median_interval(np.full(5, 3.0)) == (3, 3)
    value, *bounds = timing.cost_ratio([samples], np.ones(101))
    assert value == 51
    assert tuple(bounds) == (low, high)
