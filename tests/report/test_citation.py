"""CITATION.cff as the report cites it."""

import pytest

from forwardgrad.arguments import RefusalError
from forwardgrad.report.citation import read_citation

WHOLE = (
    'title: A title\nversion: 1.2.0\ndate-released: "2026-01-02"\nauthors: [{given-names: Ada, family-names: Byron}]\n'
)


def test_what_is_declared_becomes_bibtex(tmp_path):
    path = tmp_path / "CITATION.cff"
    path.write_text(WHOLE)
    entry = read_citation(path).bibtex
    assert entry.startswith(
        "@software{forwardgrad,\n  title = {{A title}},\n  author = {{Ada Byron}},\n  year = {2026},"
    )


def test_a_file_without_a_date_is_refused(tmp_path):
    path = tmp_path / "CITATION.cff"
    path.write_text("\n".join(line for line in WHOLE.splitlines() if "date" not in line))
    with pytest.raises(RefusalError, match=r"CITATION\.cff lacks date-released: "):
        read_citation(path)
