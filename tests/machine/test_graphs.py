"""Recording a step, with a recorder in place of CUDA: the order of things, and what must stay alive."""

import contextlib
import gc
import weakref
from types import SimpleNamespace

import pytest
import torch

from forwardgrad.machine import graphs


@pytest.fixture
def events(monkeypatch):
    """What happens to CUDA, in order."""
    events = []
    stream = SimpleNamespace(wait_stream=lambda other: events.append("wait"))

    @contextlib.contextmanager
    def within(name):
        events.append(f"{name} begins")
        yield
        events.append(f"{name} ends")

    class Graph:
        def register_generator_state(self, generator):
            events.append(f"registers seed {generator.initial_seed()}")

        def replay(self):
            events.append("replay")

    replacements = {"Stream": lambda: stream, "current_stream": lambda: stream, "CUDAGraph": Graph}
    replacements |= {"stream": lambda _: within("side stream"), "graph": lambda _, stream: within("recording")}
    for name, replacement in replacements.items():
        monkeypatch.setattr(torch.cuda, name, replacement)
    graphs.side_stream.cache_clear()
    yield events
    graphs.side_stream.cache_clear()


def test_a_step_is_warmed_up_then_recorded_with_its_generator_then_replayed(events):
    replay = graphs.captured(lambda: events.append("step"), torch.Generator().manual_seed(7))
    warm = ["wait", "side stream begins", *["step"] * graphs.WARM_UP, "side stream ends", "wait"]
    recording = ["side stream begins", "recording begins", "step", "recording ends", "side stream ends"]
    assert events == [*warm, "registers seed 7", *recording]
    replay()
    replay()
    assert events[-2:] == ["replay", "replay"]


def test_a_recording_keeps_the_buffers_of_its_step_alive(events):
    class Step:
        def __call__(self):
            pass

    step = Step()
    alive = weakref.ref(step)
    replay = graphs.captured(step, torch.Generator())
    del step
    gc.collect()
    assert alive() is not None
    del replay
    gc.collect()
    assert alive() is None


def test_devices_that_cannot_compute_are_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert graphs.obstacle("cpu") is None
    assert graphs.obstacle("cuda").endswith("use --device cpu")
    assert graphs.name("cpu") == "cpu"
