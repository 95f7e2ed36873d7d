import json
import re

import pytest
import typst

from forwardgrad.report.document import printable, write_document

from .pages import parse, parse_site


@pytest.fixture(scope="module")
def page(written):
    return parse(printable(written))


@pytest.fixture(scope="module")
def found(root, written):
    """A function that returns the elements of a kind in the document, as Typst lays it out."""
    template = (root / "report/templates/report.typ").read_bytes()

    def found(selector):
        inputs = {"pages": printable(written)}
        return json.loads(typst.query(template, selector, root=written, sys_inputs=inputs, ignore_system_fonts=True))

    return found


def text(content):
    """The letters of an element of Typst."""
    if isinstance(content, list):
        return "".join(map(text, content))
    inner = [content[name] for name in ("body", "child", "children") if name in content]
    return content.get("text") or (" " if content["func"] == "space" else text(inner))


def test_every_section_of_the_pages_is_in_the_document(written, page, found):
    headings = [" ".join(heading.get_text().split()) for heading in page.select("h2, h3, h4, h5")]
    assert [text(heading["body"]) for heading in found("heading")] == headings
    assert len(headings) == len(parse_site(written).select("h1, h2, h3, h4")) - 1  # the title is none


def test_every_figure_formula_and_table_is_in_the_document(written, found):
    whole = parse_site(written)
    assert len(found("image")) == len(whole.select("figure img")) == 1
    assert len(found("math.equation")) == len(whole.select("math"))
    assert len(found("table")) == len(whole.select("table"))


def test_formulae_are_set_as_mathematics(found):
    words = [json.dumps(formula["body"], ensure_ascii=False) for formula in found("math.equation")]
    assert any('"func": "attach"' in formula for formula in words)
    # Letters stay symbols: two of them in one text would be set upright, as a word.
    assert set(re.findall(r'"text": "([^\W\d]{2,})"', " ".join(words))) == {"max", "tr", "cos"}


def test_it_comes_out_the_same_byte_for_byte(root, written, tmp_path):
    write_document(written, root / "report/templates/report.typ", tmp_path / "again.pdf")
    again = (tmp_path / "again.pdf").read_bytes()
    assert again.startswith(b"%PDF")
    assert again == (written / "report.pdf").read_bytes()


def test_what_only_a_screen_can_use_is_left_out(written):
    body = printable(written)
    assert body.startswith("<pages><body>")
    assert not re.search("<(nav|script)|Data and command", body)
