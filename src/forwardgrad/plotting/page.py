"""Figures and colours as parts of a page."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from forwardgrad.plotting import labels, style

# Colours of the figures that follow the page's theme once a figure is part of the page.
THEME = {style.INK: "ink", style.MUTED: "muted", style.RULE: "rule", style.PAPER: "paper", "#0072b2": "blue"}

SIZE = re.compile(r'<svg[^>]* width="([\d.]+)pt" height="([\d.]+)pt"')
WORDS = re.compile(r"<(title|dc:description)>([^<]*)</")


def themed(color: str) -> str:
    """Return a colour of the figures as the page writes it."""
    return f"var(--{THEME[color]})" if color in THEME else color


def figure(path: Path) -> dict[str, Any]:
    """Return a figure for a page: its file, name, anchor, size in CSS pixels, and its heading and caption as words."""
    name = f"{path.parent.name}/{path.stem}"
    svg = path.read_text(encoding="utf-8")
    width, height = (round(float(points) * 4 / 3) for points in SIZE.search(svg).groups())
    return {
        "stem": path.stem,
        "name": name,
        "anchor": name.replace("/", "-"),
        "path": path,
        "width": width,
        "height": height,
        "words": ". ".join(unescape(words) for _, words in WORDS.findall(svg)),
    }


def inline_svg(text: str, prefix: str) -> Markup:
    """Make a figure part of the page: its own names, as wide as its box, its colours those of the theme."""
    body = text[text.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'^(<svg[^>]*?) width="[^"]*" height="[^"]*"', r'\1 role="img"', body)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", body)
    for color, name in THEME.items():
        body = body.replace(color, f"var(--{name})")
    return Markup(body)


def styled(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of a table with its method's label and colour."""
    look = style.look(row["method"], row["estimator"])
    return row | {
        "label": labels.method(row["method"], row["estimator"]),
        "color": themed(look.color),
        "hollow": look.face != look.color,
    }
