"""Where the time of a step goes: its parts, stacked, for every method and network."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from forwardgrad.experiments.speed.columns import PARTS
from forwardgrad.experiments.speed.figures.lines import HERE
from forwardgrad.experiments.speed.figures.rows import ordered, timed
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import rows, stacked, title, write
from forwardgrad.plotting.style import INK, Drawn
from forwardgrad.results.folder import Results

# Colours of Okabe and Ito's palette that differ in lightness too, and hatches for print.
LOOKS = {
    "draw": ("draw the tangent", "#e69f00", "//"),
    "forward": ("forward pass, with its tangent", "#56b4e9", ""),
    "backward": ("backward pass", "#5b5e66", ""),
    "update": ("update of the parameters", "#009e73", "\\\\"),
}


def parts(results: Results, device: str) -> Drawn:
    """Draw the parts of a step of every method, one panel per network; return them too, columns SPEED."""
    measured = timed(results, device)
    shown = measured[measured[list(PARTS)].notna().any(axis=1)]
    networks = list(shown.groupby(["model", "depth", "batch_size"], sort=False, dropna=False))
    chosen = {key: ["backprop", *ordered(own["method"])] for key, own in networks}
    figure, panels = stacked([len(chosen[key]) for key, _ in networks], 1.5, 0.4, 0.48)
    for (key, own), axes in zip(networks, panels, strict=True):
        _draw_network(axes, own.set_index("method").loc[chosen[key]])
        model, depth, size = key
        axes.set_title(f"{labels.network(model, depth)}, batch {size:,.0f}")
    panels[-1].set_xlabel("Time / time of a backpropagation step")
    handles = [
        Patch(facecolor=color, hatch=hatch, edgecolor="white", label=text) for text, color, hatch in LOOKS.values()
    ]
    note = f"{HERE[device]} A part is the difference of two times: up to its end, and up to that of the part before."
    title(figure, "Where does the time of a step go?", note, handles, handle_length=1.6)
    return figure, shown


def _draw_network(axes: Axes, own: pd.DataFrame) -> None:
    shares = own[list(PARTS)].fillna(0.0) / own.loc["backprop", "seconds"]
    for row, method in enumerate(own.index):
        start = 0.0
        for part, (_, color, hatch) in LOOKS.items():
            width = shares.loc[method, part]
            axes.barh(row, width, left=start, height=0.36, color=color, hatch=hatch, edgecolor="white", linewidth=0.6)
            start += width
        write(axes, f"{start:.2f}", (start, row), (6, 0), va="center")
    axes.axvline(1, color=INK, linewidth=1.2)
    axes.set_xlim(0, 1.12 * shares.sum(axis=1).max())
    rows(axes, [labels.variant(labels.estimator(method)) for method in own.index])
