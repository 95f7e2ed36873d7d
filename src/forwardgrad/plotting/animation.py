"""A figure that plays: its background drawn as ever, its traces appearing frame by frame.

Everything is part of the page, a few kilobytes without a single request. It rests on its last frame,
complete for those who print it, run no scripts or have asked their system for less motion; it moves
only when a reader drags the slider or presses the button.
"""

import json
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

import jinja2
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from forwardgrad.plotting import style
from forwardgrad.plotting.page import THEME, inline_svg, themed

TEMPLATE = Path(__file__).with_name("animation.html.j2")
DPI = 72  # of an SVG: one unit is one point


class Trace(NamedTuple):
    """What appears: a `path` with a dot at its head, or a `cloud` of dots.

    Attributes:
        points: In data coordinates, in order of appearance, shape (n, 2).
        color: A colour of `style`.
        kind: `path` or `cloud`.
        shown: How many of the points each frame shows, the last all of them; None: one more in every frame.
    """

    points: ArrayLike
    color: str
    kind: Literal["path", "cloud"] = "path"
    shown: Sequence[int] | None = None


def animation(figure: Figure, axes: Axes, traces: Sequence[Trace], frames: Sequence[str], name: str) -> Markup:
    """Return the figure with its traces as part of a page.

    Args:
        figure: The background.
        axes: The panel that the traces are drawn in.
        traces: What appears in it; outside its limits nothing is seen.
        frames: One line of text per frame, such as the step and the loss.
        name: Lowercase letters, once on the page.

    Raises:
        ValueError: The last frame does not show all of a trace, or a trace has not one number for each frame.
    """
    counts = [list(range(1, len(frames) + 1)) if trace.shown is None else list(trace.shown) for trace in traces]
    for trace, shown in zip(traces, counts, strict=True):
        if (len(shown), shown[-1]) != (len(frames), len(trace.points)):
            raise ValueError(
                f"{len(frames)} frames show {len(shown)} times and at last {shown[-1]} of a trace's "
                f"{len(trace.points)} points: give `shown` one number for each frame, the last that of the points"
            )
    svg = StringIO()
    with style.style():
        figure.savefig(svg, format="svg", metadata={"Date": None})
    drawn = [
        {
            "kind": trace.kind,
            "color": themed(trace.color),
            "points": _in_points(figure, axes, trace.points),
            "shown": [int(count) for count in shown],
        }
        for trace, shown in zip(traces, counts, strict=True)
    ]
    background = inline_svg(style.shorten(svg.getvalue()), name)
    return Markup(
        jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), autoescape=True, trim_blocks=True).render(
            name=name,
            background=Markup(background.rstrip().removesuffix("</svg>")),
            traces=drawn,
            panel=_panel(figure, axes),
            frames=frames,
            data=Markup(json.dumps(frames).replace("<", "\\u003c")),
            colors={name: color for color, name in THEME.items()},
        )
    )


def _in_points(figure: Figure, axes: Axes, points: ArrayLike) -> list[tuple[float, float]]:
    """Data coordinates as the SVG has them: in points, from its upper left corner."""
    places = axes.transData.transform(np.asarray(points, float)) * DPI / figure.dpi
    height = figure.get_figheight() * DPI
    return [(round(float(x), 2), round(float(height - y), 2)) for x, y in places]


def _panel(figure: Figure, axes: Axes) -> tuple[float, float, float, float]:
    """Left, top, width and height of the panel, as the SVG has them."""
    left, bottom, width, height = axes.get_position().bounds
    across, down = figure.get_size_inches() * DPI
    box = (left * across, (1 - bottom - height) * down, width * across, height * down)
    return tuple(round(float(part), 2) for part in box)
