"""The published site, as a clone has it and a web host serves it."""

import re
from pathlib import Path

import pandas as pd
import pytest

from forwardgrad.plotting.page import figure

from ..report.pages import dead_links, pages_in, parse

SITE = Path(__file__).parents[2] / "report/reference"
PAGE, ELEMENTS, WHOLE = 2e6, 8000, 12e6  # bytes of a page, elements of a page, bytes of everything


def test_every_link_leads_to_a_file_of_the_site_and_to_an_id_in_it():
    assert dead_links(SITE) == []


@pytest.mark.parametrize("page", pages_in(SITE), ids=lambda page: page.stem)
def test_a_page_is_light(page):
    assert page.stat().st_size < PAGE
    assert len(parse(page.read_text()).find_all(True)) <= ELEMENTS


def pictures():
    """Yield the element of every picture, and the file that it shows."""
    for page in pages_in(SITE):
        for picture in parse(page.read_text()).select("img"):
            yield picture, page.parent / picture["src"]


def test_a_picture_is_loaded_when_it_is_seen_and_has_its_size():
    for picture, _ in pictures():
        assert picture["loading"] == "lazy", picture
        assert picture["width"], picture


def test_a_picture_says_what_it_finds_and_neither_its_heading_nor_its_caption():
    for picture, file in pictures():
        said = picture["alt"]
        assert 0 < len(said) < 300, said
        beside = [title.get_text() for title in picture.find_parent("figure").select(".title")]
        beside += [figure(file)["words"], *figure(file)["words"].split(". ")]
        assert said not in beside, said
        assert re.search(r"\d", said), said


def test_the_site_is_small():
    assert sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file()) < WHOLE


def test_the_main_page_is_short():
    page = parse((SITE / "index.html").read_text())
    text = " ".join(part.get_text(" ") for part in (page.header, page.main))
    assert len(text.split()) <= 3000
    assert len(page.select("figure")) <= 10
    assert len(page.select("table")) <= 3


def test_the_first_screen_counts_primary_claims_alone():
    counts = [
        int(span.get_text().split()[0])
        for span in parse((SITE / "index.html").read_text()).select(".answer p .judged span")
    ]
    claims = pd.read_csv(SITE.parents[1] / "results/reference/claims.csv")
    assert sum(counts) == (claims["part"] == "primary").sum()
