"""The report on paper: the page's own words and figures, set by Typst.

Nothing is written twice. The page is read as it stands, what only a screen can use is left out, and
`report/templates/report.typ` says how every element looks in print.
"""

import os
from pathlib import Path

import matplotlib
import typst
from bs4 import BeautifulSoup

from forwardgrad.files import replacing

# What a reader of paper cannot use; pictures are taken from their files, not from the page.
SCREEN = "head, nav, script, svg, .files, .control"


def write_document(page: Path, template: Path, output: Path, root: Path = Path()) -> None:
    """Write the PDF.

    Args:
        page: The report as HTML.
        template: Typst's style sheet for it.
        output: PDF file.
        root: Folder that contains page and figures.
    """
    with replacing(output) as temporary:
        typst.compile(
            template.read_bytes(),
            output=temporary,
            root=root,
            format="pdf",
            sys_inputs={"page": printable(page, root)},
            font_paths=[Path(matplotlib.get_data_path(), "fonts", "ttf")],  # those that the figures were drawn with
            ignore_system_fonts=True,
        )


def printable(page: Path, root: Path) -> str:
    """Return the page's body as XML, without what only a screen can use, its pictures by their path below `root`."""
    whole = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for element in whole.select(SCREEN):
        element.decompose()
    for figure in whole.select("[data-image]"):
        path = os.path.normpath(page.parent / figure["data-image"])
        figure["data-image"] = "/" + os.path.relpath(path, root)
    return whole.body.decode(formatter="minimal")
