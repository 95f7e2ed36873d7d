"""Parts of pages: sentences, formulae, and links from one page to another."""

import posixpath
import re
from collections.abc import Mapping
from functools import partial
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


def resolved(pages: Mapping[str, str]) -> dict[str, str]:
    """Return pages, by path, whose links to `#id` lead to the page that has the id.

    A link to an id that no page has becomes its words: not every run has every experiment.
    """
    ids = {path: set(re.findall(r'\bid="([^"]+)"', page)) for path, page in pages.items()}
    home = {name: path for path, own in ids.items() for name in own}
    link = re.compile(r'<a href="#([^"]+)"([^>]*)>(.*?)</a>', re.DOTALL)

    def lead(path: str, found: re.Match[str]) -> str:
        name, rest, words = found.groups()
        if name in ids[path]:
            return found[0]
        if name not in home:
            return words
        return f'<a href="{posixpath.relpath(home[name], posixpath.dirname(path) or ".")}#{name}"{rest}>{words}</a>'

    return {path: link.sub(partial(lead, path), page) for path, page in pages.items()}
