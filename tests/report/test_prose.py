"""Prose by hand, numbers by the pipeline: no template may state a measurement."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

from forwardgrad.experiments.functions import descent
from forwardgrad.experiments.training import train as training
from forwardgrad.results.statistics import LEVEL

TEMPLATES = Path(__file__).parents[2] / "report/templates"

# Every number that a template may hold in its own words, and why. Formulae, strings that `tex` sets, hold theirs.
ALLOWED = {
    "2022": "year of the paper",
    "2023": "year of its reproductions",
    "2025": "year of follow-up work",
    "95": "level of every interval, statistics.LEVEL",
}
NUMBER = re.compile(r"\d[\d.,]*(?<![.,])")
FORMULA = re.compile(r'"[^"]*"(?=\s*\|\s*tex)')
NOT_PROSE = {"code", "pre", "style", "script"}


class Prose(HTMLParser):
    """The words of a template that a reader sees: neither tags nor code."""

    def __init__(self, text):
        super().__init__()
        self.words, self.depth = [], 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.depth += tag in NOT_PROSE
        self.words += [value for name, value in attributes if name in ("aria-label", "title", "alt")]

    def handle_endtag(self, tag):
        self.depth -= tag in NOT_PROSE

    def handle_data(self, data):
        self.words += [] if self.depth else [data]


def numbers(template):
    """Return the numbers in a template's own words: its literal text, and strings that read as words."""
    tokens = list(Environment(trim_blocks=True, lstrip_blocks=True).lex(FORMULA.sub('""', template)))
    text = "".join(value if kind == "data" else "\x00" for _, kind, value in tokens)
    strings = [ast.literal_eval(value) for _, kind, value in tokens if kind == "string" and " " in value]
    return NUMBER.findall(" ".join([*Prose(text).words, *strings]))


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html.j2")), ids=lambda path: path.name)
def test_templates_state_no_numbers_of_their_own(path):
    assert set(numbers(path.read_text(encoding="utf-8"))) <= set(ALLOWED)


def test_numbers_that_templates_may_state_are_those_of_the_code():
    assert f"{LEVEL:.0%}" == "95%"
    assert r'"10^4" | tex' in (TEMPLATES / "provenance/reading.html.j2").read_text()
    assert r'"10^4" | tex' in (TEMPLATES / "experiments/functions.html.j2").read_text()
    assert training.DIVERGED == descent.DIVERGED == 10**4


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>costs 0.53 of it, {{ value }} there</p>", ["0.53"]),
        ("<p>after 25,000 steps, 3.</p>", ["25,000", "3"]),
        ("{{ figure('falls by 12 points') }}", ["12"]),
        ('<p title="in 40 s"><h2 class="x4">A</h2><code>seed-3</code> {{ "%.2f" | format(x) }}</p>', ["40"]),
        ('{{ "n + 2" | tex }} {{ "\\\\frac 1 2" | tex("block") }}{# 7 of 9 #}', []),
    ],
)
def test_a_number_is_found_wherever_a_reader_would_see_it(template, found):
    assert numbers(template) == found
