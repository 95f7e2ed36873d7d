"""Where forward-only training keeps up with backpropagation in its time: against tangents, depth and width."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from forwardgrad.catalogue import HIDDEN
from forwardgrad.experiments.published.plan import FOLDER
from forwardgrad.plotting import labels
from forwardgrad.plotting.pieces import beside, ticks, title
from forwardgrad.plotting.style import INK, WIDTH, Drawn, Look, look
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv

ORTHOGONAL = "activity_orthogonal_"
METHODS = {
    "forward_sampled": "sampled\nderivatives",
    f"{ORTHOGONAL}16": "16 tangents of\nactivities",
    "activity": "one tangent of\nactivities",
    "forward_rank_one": "one tangent of\nweights",
}
DEPTHS = {1: "#f07fbd", 2: "#d0267f", 4: "#8f1650", 8: "#47091f"}  # the more layers, the darker
WIDE, DEEP = 256, 2  # width and number of hidden layers, but for what a panel varies
POINTS, SPAN = (1, 0, -1, -3, -10, -30, -80), (-80, 1.7)
LINE = 0.05  # height of a line of text, of the panel's


def frontier_map(results: Results) -> Drawn:
    """Draw a panel for the number of tangents, for depth and for width; return the differences in points too."""
    table = read_csv(results.folder / FOLDER / "map-pareto.csv")
    table = table.join(pd.DataFrame([HIDDEN[model] for model in table["model"]], columns=["depth", "width"]))
    table["tangents"] = pd.to_numeric(table["method"].str.removeprefix(ORTHOGONAL), errors="coerce")
    table = table.assign(**{name: 100 * table[name] for name in ("difference", "low", "high")})
    figure, panels = plt.subplots(1, 3, sharey=True, figsize=(1.5 * WIDTH, 3.9))
    parts = []
    for axes, (column, label, lines) in zip(panels, panels_of(table), strict=True):
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=1, linscale=0.6)
        axes.set_ylim(SPAN)
        axes.axhline(0, color=INK, linewidth=2.5)
        for drawing, _, rows in lines:
            _draw(axes, rows.sort_values(column), column, drawing)
            parts.append(rows.assign(panel=column))
        _name(axes, column, lines)
        axes.set_xlabel(label)
        ticks(axes.xaxis, FixedLocator(sorted({value for _, _, rows in lines for value in rows[column]})))
    axes.set_yticks(POINTS, [labels.signed(point, labels.count) for point in POINTS])
    axes.yaxis.set_minor_locator(NullLocator())
    panels[0].set_ylabel("Test accuracy \u2212 backpropagation\u2019s, points")
    seeds = labels.plurals(table["pairs"], "seed")
    title(
        figure,
        "Where does forward-only training keep up?",
        f"{labels.dataset(table['dataset'].iloc[0])}. Test accuracy less that of backpropagation, the line at 0, when "
        f"as much processor time is spent. Every method at its best learning rate; mean over {seeds}, bars: 95 % "
        f"interval. Left and middle: hidden layers of {WIDE} units, for which {WIDE} orthogonal tangents give the "
        f"gradient itself. Right: {DEEP} hidden layers.",
        [],
    )
    return figure, pd.concat(parts, ignore_index=True)


def panels_of(table: pd.DataFrame) -> Iterator[tuple[str, str, list[tuple[Look, str, pd.DataFrame]]]]:
    """Yield each panel: the column that it varies, its label, and how each line is drawn, its name and its rows."""
    own = table[(table["width"] == WIDE) & table["tangents"].notna()]
    by_depth = {depth: look("", f"{ORTHOGONAL}16")._replace(color=color, line="-") for depth, color in DEPTHS.items()}
    lines = [
        (by_depth[depth], labels.plural(depth, "layer"), rows)
        for depth, rows in own.groupby("depth")
        if depth in DEPTHS
    ]
    yield "tangents", "Tangents of a layer", lines
    for column, label, same in (
        ("depth", "Hidden layers", table["width"] == WIDE),
        ("width", "Units of a layer", table["depth"] == DEEP),
    ):
        rows = {method: table[same & (table["method"] == method)] for method in METHODS}
        named = METHODS if column == "width" else dict.fromkeys(METHODS, "")
        yield column, label, [(look(method, method), named[method], own) for method, own in rows.items()]


def _draw(axes: Axes, rows: pd.DataFrame, column: str, drawing: Look) -> None:
    """Draw one line, with its intervals as far as they are within the panel."""
    whiskers = np.array([rows["difference"] - rows["low"], rows["high"] - rows["difference"]])
    axes.errorbar(
        rows[column], rows["difference"], yerr=whiskers, color=drawing.color, linestyle=drawing.line, linewidth=1.7,
        marker=drawing.marker, markersize=5, capsize=2, elinewidth=0.9,
    )  # fmt: skip


def _name(axes: Axes, column: str, lines: list[tuple[Look, str, pd.DataFrame]]) -> None:
    """Write beside the end of each line what it is."""
    to_height = axes.transData + axes.transAxes.inverted()
    ends = [(rows.loc[rows[column].idxmax()], drawing, name) for drawing, name, rows in lines if name]
    entries = [
        (end[column], to_height.transform((end[column], end["difference"]))[1], name, {"color": drawing.color})
        for end, drawing, name in ends
    ]
    beside(axes, entries, 7, LINE, xycoords=("data", "axes fraction"), fontsize=7.5)
