"""A frame made by hand: every method on two networks, timed at batch size 4, with its memory at 8."""

import pandas as pd
import pytest

from forwardgrad.experiments.speed.columns import SPEED, UNTIMED

SIZES = {"batch_size": 4, "memory_batch_size": 8}
METHODS = {  # time and memory over those of backprop
    "evaluation": (0.3, 0.2),
    "backprop": (1.0, 1.0),
    "backprop_checkpoint": (1.25, 0.5),
    "torchzero": (2.0, 3.0),
    "forward_rank_one": (0.75, 0.25),
    "activity": (1.1, 1.5),
}
SECONDS, BYTES = {"resnet18": 0.2, "gpt": 0.4}, {"resnet18": 2**27, "gpt": 2**28}


def rows():
    for model in SECONDS:
        for method, (time, memory) in METHODS.items():
            common = dict.fromkeys(SPEED) | {"device": "cpu", "model": model, "method": method, "parameters": 1000}
            spread = {"low": 0.9 * time, "high": 1.2 * time, "processes": 3}
            yield common | {"batch_size": 4, "seconds": time * SECONDS[model], "ratio_to_backprop": time} | spread
            yield common | {"batch_size": 8, "peak_bytes": memory * BYTES[model], "processes": 0, "note": UNTIMED}


@pytest.fixture
def frame():
    return pd.DataFrame(rows(), columns=list(SPEED))


@pytest.fixture
def results(frame, store):
    return store({"frames/networks": frame})
