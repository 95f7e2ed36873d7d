"""Text and figures as parts of a page: sentences, formulae, and SVG in the colours of the page's theme."""

import re
from pathlib import Path
from typing import Any

import jinja2
from latex2mathml.converter import convert
from markupsafe import Markup, escape


def templates_of(folder: Path, **options: Any) -> jinja2.Environment:
    """Return the templates in `folder`: an unknown name is an error, and a block leaves no empty line."""
    loader = jinja2.FileSystemLoader(folder)
    return jinja2.Environment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options
    )


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


def one_folder_down(page: str) -> str:
    """Return a page that is put a folder deeper: links to other files but its own document lead up once more."""
    return re.sub(r'href="(?!https?:|#|data:|report\.pdf)', 'href="../', page)
