"""What tests read of a page: its structure, numbers and tables, not its sentences."""

import re
from html.parser import HTMLParser

from bs4 import BeautifulSoup

VOID = {"meta", "link", "br", "img", "hr", "input"}
NUMBER = re.compile(r"never|[+−]?\d(?:[\d,.]*\d)?")


class Page(HTMLParser):
    """A page's ids, links and what it would load; refuses elements that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.open = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if tag == "a" else []
        self.loads += [attributes.get(name) for name in ("src", "data", "poster") if attributes.get(name)]
        self.loads += [attributes["href"]] if tag == "link" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parse(text):
    """Return the elements of a page or of a part of one."""
    return BeautifulSoup(text, "html.parser")


def parse_site(folder):
    """Return the elements of all pages of a site: an id stands on one of them."""
    return parse("".join(path.read_text() for path in pages_in(folder)))


def pages_in(folder):
    """Return the pages of a site, the main one first; notebooks are none."""
    return [folder / "index.html", *sorted(folder.glob("pages/*.html"))]


def dead_links(folder):
    """Return (page, link) of every link of a site's pages that leads nowhere, out of the folder or to no such id."""
    pages = {path: Page(path.read_text()) for path in folder.rglob("*.html")}
    dead = []
    for path, page in pages.items():
        for link in [*page.links, *page.loads]:
            if link.startswith(("https://", "data:")):
                continue
            name, _, anchor = link.partition("#")
            file = (path.parent / name).resolve() if name else path
            inside = file.is_relative_to(folder.resolve()) and file.is_file()
            if not inside or (anchor and anchor not in pages[file].ids):
                dead.append((path.relative_to(folder).as_posix(), link))
    return dead


def words(element):
    """Return the text of an element, with single spaces."""
    return " ".join(element.get_text(" ").split())


def numbers(element):
    """Return the numbers in the text of an element, as they are written; what is never reached counts as one."""
    return NUMBER.findall(words(element))


def cells(element):
    """Return the numbers of every cell of a table, by the heading of the row without its small print."""
    rows = {}
    for row in element.select("tbody tr"):
        heading = "".join(row.th.find_all(string=True, recursive=False)).strip()
        rows[heading] = [numbers(cell) for cell in row.select("td")]
    return rows


def entries(element):
    """Return the text of the entries of a `dl`, by their names."""
    return {words(name): words(name.find_next_sibling("dd")) for name in element.select("dt")}
