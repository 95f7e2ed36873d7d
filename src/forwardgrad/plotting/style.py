"""One look for all figures, readable in colour, colour-blind, in grey print and on a dark page.

An estimator has one colour, line style and marker everywhere, those of its entry in the catalogue. Methods that
share an estimator share its colour and are told apart by hollow markers and finer dots. Files come out the same,
byte for byte, from the same data.
"""

import re
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from forwardgrad.catalogue import AT
from forwardgrad.catalogue.estimators import BASELINES, ESTIMATORS
from forwardgrad.files import write_atomically, write_frame

# A hundredth of a point is finer than any screen or printer; the rest of a coordinate only fills the file.
# Text, between > and <, stays as it is.
TEXT_OR_LONG_DECIMAL = re.compile(r">[^<]*<|(\d\.\d\d)\d+")

Drawn = tuple[Figure, pd.DataFrame]  # a figure, and what it shows

WIDTH = 4.8  # inches: text keeps its size on a phone

INK, MUTED, RULE, PAPER = "#1b1c20", "#62666d", "#dcdfe4", "#ffffff"
BACKING = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.8, "alpha": 0.75}  # behind text that lines may cross

RC: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "lines.linewidth": 1.7,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "forwardgrad",
}


class Look(NamedTuple):
    """How a method is drawn; `face` fills its marker."""

    color: str
    line: Any
    marker: Any
    face: str


UNKNOWN = (MUTED, "-", "o")


def look(method: str, estimator: str) -> Look:
    """How `method` is drawn: as its estimator, hollow and dotted if it goes by another name."""
    baseline, known = BASELINES.get(method), ESTIMATORS.get(estimator)
    if baseline and baseline.look:
        return Look(*baseline.look, PAPER)
    color, line, marker = known.look if known else UNKNOWN
    own = method.partition(AT)[0] == estimator
    return Look(color, line if own else (0, (1, 1.1)), marker, color if own else PAPER)


def style() -> AbstractContextManager[None]:
    """Context in which every figure is drawn and saved."""
    return mpl.rc_context(mpl.rcParamsDefault | RC | {"backend": "agg"})


def shorten(svg: str) -> str:
    """Cut the coordinates of an SVG to two decimals."""
    return TEXT_OR_LONG_DECIMAL.sub(lambda found: found[1] or found[0], svg)


def save(figure: Figure, data: pd.DataFrame, stem: Path, caption: str = "") -> None:
    """Write `stem`.svg and the plotted `data` as `stem`.csv; close the figure.

    The SVG also says in words what it shows, its heading and `caption`: a page takes its alternative text from there.
    """
    headings = [legend.get_title().get_text().replace("\n", " ") for legend in figure.legends]
    said = {"Title": next(filter(None, headings), stem.name), "Description": caption or None}
    with style():
        svg = StringIO()
        figure.savefig(svg, format="svg", metadata={"Date": None} | said)
    plt.close(figure)
    write_atomically(stem.with_name(stem.name + ".svg"), shorten(svg.getvalue()))
    write_frame(stem.with_name(stem.name + ".csv"), data)
