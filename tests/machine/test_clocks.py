import os
import resource
import time
from types import SimpleNamespace

import pytest
import torch

from forwardgrad.machine import clocks


def busy(seconds):
    """Work until the process has spent so much processor time."""
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_the_processor_clock_counts_work_alone_and_the_wall_clock_waiting_too():
    assert clocks.cpu(lambda: time.sleep(0.05)) < 0.04
    assert clocks.wall(lambda: time.sleep(0.05)) >= 0.05
    assert clocks.cpu(lambda: busy(0.005)) >= 0.005
    assert clocks.wall(lambda: busy(0.005)) >= 0.005


def test_the_clock_of_a_device_waits_for_its_last_event(monkeypatch):
    happened, names = [], iter(("start", "end"))

    class Event:
        def __init__(self, enable_timing):
            assert enable_timing
            self.name = next(names)

        def record(self):
            happened.append(("record", self.name))

        def synchronize(self):
            happened.append(("wait", self.name))

        def elapsed_time(self, end):
            assert (self.name, end.name) == ("start", "end")
            return 3.5  # milliseconds

    monkeypatch.setattr(torch.cuda, "Event", Event)
    assert clocks.device(lambda: happened.append(("work", ""))) == 3.5e-3
    assert happened == [("record", "start"), ("work", ""), ("record", "end"), ("wait", "end")]


@pytest.mark.parametrize(
    ("device", "threads", "clock"),
    [("cpu", 1, "cpu"), ("cpu", 2, "wall"), ("cuda", 1, "device"), ("cuda", 2, "device")],
)
def test_the_clock_of_a_measurement(device, threads, clock):
    assert clocks.clock_of(device, threads) == clock
    assert clock in clocks.CLOCKS


def test_how_disturbed_a_measurement_was(monkeypatch):
    now, switches, steal = [10.0], [100], [3.0]
    monkeypatch.setattr(clocks.time, "perf_counter", lambda: now[0])
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_nivcsw=switches[0]))
    monkeypatch.setattr(clocks, "stolen", lambda: steal[0])
    watch = clocks.Disturbance.begin()
    now[0], switches[0], steal[0] = 14.0, 120, 4.0
    assert watch.seen() == {"switches_per_second": 5.0, "steal": 0.25}


def test_stolen_time_is_the_eighth_number_of_the_kernels_first_line(tmp_path):
    file = tmp_path / "stat"
    file.write_text("cpu  1 2 3 4 5 6 7 800 9 10\ncpu0 1 2 3 4 5 6 7 400 9 10\n")
    assert clocks.stolen(file) == 800 / os.sysconf("SC_CLK_TCK")
    file.write_text("cpu  1 2 3 4\n")
    assert clocks.stolen(file) == 0
    assert clocks.stolen(tmp_path / "none") == 0
