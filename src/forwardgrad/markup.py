"""Text and figures as parts of a page: sentences, formulae, and SVG in the colours of the page's theme."""

import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from markupsafe import Markup, escape

from forwardgrad.plotting import style

# Colours of the figures that follow the page's theme once a figure is part of the page.
THEME = {style.INK: "ink", style.MUTED: "muted", style.RULE: "rule", style.PAPER: "paper", "#0072b2": "blue"}


def themed(color: str) -> str:
    """Return a colour of the figures as the page writes it."""
    return f"var(--{THEME[color]})" if color in THEME else color


def sentence(text: str) -> Markup:
    """`text` as a sentence: capital, full stop, and what stands between backticks as code."""
    whole = text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(whole))))


def tex(formula: str, display: str = "inline") -> Markup:
    """A formula in LaTeX's notation as MathML, which a browser draws without help; `display` inline or block."""
    return Markup(convert(formula, display=display))


def without_dead_links(page: str) -> str:
    """Return the page with links to its own parts only where these exist: not every run has every experiment."""
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    link = re.compile(r'<a href="#([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
    return link.sub(lambda found: found[0] if found[1] in ids else found[2], page)


def figure(path: Path) -> dict[str, Any]:
    """Return a figure for the page: its SVG, its anchor, and where its files lie."""
    anchor = f"{path.parent.name}-{path.stem}"
    return {
        "stem": path.stem,
        "svg": inline_svg(path.read_text(encoding="utf-8"), anchor),
        "path": path,
        "anchor": anchor,
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


def one_folder_down(page: str) -> str:
    """Return a page that is put a folder deeper: links to other files but its own document lead up once more."""
    return re.sub(r'href="(?!https?:|#|data:|report\.pdf)', 'href="../', page)
