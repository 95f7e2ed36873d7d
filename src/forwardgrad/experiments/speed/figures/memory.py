"""How much memory a step needs in deeper and deeper networks."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator

from forwardgrad.experiments.speed.figures.depth import LABEL
from forwardgrad.experiments.speed.figures.lines import draw_lines, ticks_at
from forwardgrad.experiments.speed.figures.rows import deep
from forwardgrad.experiments.speed.tables import parameter_bytes
from forwardgrad.plotting.pieces import ticks, title
from forwardgrad.plotting.style import MUTED, WIDTH, Drawn, style
from forwardgrad.results.folder import Results

MIB, LEAST = 2**20, 2**18  # bytes


def memory(results: Results, device: str) -> Drawn:
    """Draw peak memory beyond the parameters against the number of hidden layers; return it too, columns SPEED."""
    measured = results.frame("speed")
    shown = deep(measured[(measured["device"] == device) & measured["peak_bytes"].notna()])
    shown = shown.assign(parameter_bytes=[parameter_bytes(int(layers)) for layers in shown["depth"]])
    parameters = shown.groupby("depth")["parameter_bytes"].first() / MIB
    with style():
        figure, axes = plt.subplots(figsize=(WIDTH, 5))
        peaks = shown.assign(peak=np.maximum(shown["peak_bytes"], LEAST) / MIB)
        handles = draw_lines(axes, peaks, "depth", "peak", also=("backprop",))
        handles += axes.plot(parameters, color=MUTED, linestyle="--", linewidth=1, label="the parameters themselves")
        axes.set_yscale("log")
        ticks(axes.yaxis, LogLocator(subs=(1, 2, 5)))
        ticks_at(axes, shown["depth"])
        axes.set(xlabel=LABEL, ylabel="MiB beyond the parameters")
        note = (
            "Peak memory of the process over a few steps, less what it held before; every method in a process of its "
            f"own. Batch {int(shown['batch_size'].iloc[0])}. Less than 0.25 MiB is drawn as 0.25 MiB."
        )
        title(figure, "How much memory does a step need?", note, handles)
        return figure, shown
