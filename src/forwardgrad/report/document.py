"""The report on paper: the pages' own words and figures, set by Typst: the main page, then the others as appendices.

Nothing is written twice. The pages are read as they stand, what only a screen can use is left out, and
`report/templates/report.typ` says how every element looks in print.
"""

import os
from pathlib import Path

import matplotlib
import typst
from bs4 import BeautifulSoup

from forwardgrad.files import replacing

# What a reader of paper cannot use.
SCREEN = "nav, script, .skip, .files, .control, .back"
HEADINGS = ("h1", "h2", "h3", "h4", "h5")


def write_document(site: Path, template: Path, output: Path) -> None:
    """Write the PDF.

    Args:
        site: Folder of the report's pages and figures.
        template: Typst's style sheet for it.
        output: PDF file.
    """
    with replacing(output) as temporary:
        typst.compile(
            template.read_bytes(),
            output=temporary,
            root=site,
            format="pdf",
            sys_inputs={"pages": printable(site)},
            font_paths=[Path(matplotlib.get_data_path(), "fonts", "ttf")],  # those that the figures were drawn with
            ignore_system_fonts=True,
        )


def printable(site: Path) -> str:
    """Return the bodies of all pages as XML, the main one first, without what only a screen can use."""
    main = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    others = dict.fromkeys(link["href"] for link in main.select("nav a[href^='pages/']"))
    bodies = [body(site, "index.html"), *(body(site, path) for path in others)]
    return f"<pages>{''.join(bodies)}</pages>"


def body(site: Path, path: str) -> str:
    """Return a page's body as XML: pictures by their path below `site`, headings of an appendix one level lower."""
    whole = BeautifulSoup((site / path).read_text(encoding="utf-8"), "html.parser")
    for element in whole.select(SCREEN):
        element.decompose()
    for picture in whole.select("img"):
        picture["src"] = "/" + os.path.normpath(os.path.join(os.path.dirname(path), picture["src"]))
    if "appendix" in whole.body.get("class", ()):
        for heading in whole.select(", ".join(HEADINGS)):
            heading.name = HEADINGS[HEADINGS.index(heading.name) + 1]
    return whole.body.decode(formatter="minimal")
