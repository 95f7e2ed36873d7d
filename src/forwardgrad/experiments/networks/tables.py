"""What is shown of every method on every network: the time of a step, and its memory, in one row."""

import pandas as pd

from forwardgrad.catalogue import PLAIN
from forwardgrad.experiments.speed.columns import UNTIMED
from forwardgrad.experiments.speed.figures.rows import ordered
from forwardgrad.results.folder import Results

KEY = ["model", "method"]
TIME = ("parameters", "seconds", "ratio_to_backprop", "low", "high", "processes", "note")
COLUMNS = (*KEY, *TIME, "peak_bytes", "peak_ratio")


def per_network(results: Results, batch_size: int, memory_batch_size: int) -> pd.DataFrame:
    """Return one row per network and method, networks as measured, methods in the order of the story; columns COLUMNS.

    A time or a memory that could not be measured is empty; the note says why.

    Args:
        results: Where the frame of `networks` lies.
        batch_size: Examples in a step that was timed.
        memory_batch_size: Examples in a step whose memory was measured.
    """
    frame = results.frame("networks")
    frame = frame.assign(note=frame["note"].mask(frame["note"] == UNTIMED))
    times, memory = (frame[frame["batch_size"] == size].set_index(KEY) for size in (batch_size, memory_batch_size))
    methods = [*PLAIN, *ordered(frame["method"])]
    order = [
        (model, method) for model in frame["model"].unique() for method in methods if (model, method) in times.index
    ]
    shown = times[list(TIME)].assign(peak_bytes=memory["peak_bytes"], note=times["note"].fillna(memory["note"]))
    shown = shown.loc[order].reset_index()
    base = shown[shown["method"] == "backprop"].set_index("model")["peak_bytes"].rename("base")
    return shown.assign(peak_ratio=shown["peak_bytes"] / shown.join(base, on="model")["base"])[list(COLUMNS)]
