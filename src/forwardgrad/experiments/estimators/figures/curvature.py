"""What structure costs per step: how large a learning rate is stable, and the stability term on a network."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import rows, stacked, title
from forwardgrad.plotting.style import INK, Drawn, look
from forwardgrad.results.folder import Results

PANELS = {
    ("kronecker", "stable_rate"): "Quadratic, inputs much alike: largest stable rate / (2 / tr H)",
    ("random", "stable_rate"): "Quadratic, random Hessian: largest stable rate / (2 / tr H)",
    ("mlp_256", "term"): f"{labels.model('mlp_256')}: stability term / (‖g‖² tr N)",
}


def curvature(results: Results) -> Drawn:
    """Draw what is measured beside its formula, a panel each; return it too, columns CURVATURE."""
    frame = results.frame("estimators-curvature")
    cells = {name: own for name, own in frame.groupby(["problem", "quantity"], sort=False) if name in PANELS}
    shown = {name: cells[name] for name in PANELS if name in cells}
    figure, panels = stacked([len(own) for own in shown.values()], 1.4, 0.42, 0.5)
    for (name, own), axes in zip(shown.items(), panels, strict=True):
        _draw(axes, own)
        axes.set_title(PANELS[name])
        axes.set_xlim(left=0)
    title(
        figure,
        "Rank one is stable up to a lower learning rate where inputs are alike",
        "Marks: measured, with 95 % intervals (Student’s t): over 5 seeds, on the network over tangents. Bars: by "
        "formula. A stability term twice as large allows half the learning rate.",
        [Line2D([], [], color=INK, linewidth=2, label="by formula")],
        handle_length=1,
    )
    return figure, pd.concat(shown.values())


def _draw(axes: Axes, own: pd.DataFrame) -> None:
    names = []
    for place, entry in enumerate(own.itertuples()):
        drawing = look(entry.estimator, entry.estimator)
        axes.vlines(entry.formula, place - 0.32, place + 0.32, color=INK, linewidth=2)
        whiskers = np.array([[entry.measured - entry.low], [entry.high - entry.measured]])
        axes.errorbar(
            entry.measured, place, xerr=whiskers, color=drawing.color, marker=drawing.marker,
            markerfacecolor=drawing.face, markersize=6, capsize=3,
        )  # fmt: skip
        names.append(labels.estimator(entry.estimator))
    rows(axes, names)
