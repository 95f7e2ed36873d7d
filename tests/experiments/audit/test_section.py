"""What the page shows of the audit, and its figure."""

import re

import pandas as pd
import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment, FileSystemLoader, StrictUndefined

from forwardgrad.experiments.audit import compute as audit
from forwardgrad.experiments.audit import others, students
from forwardgrad.experiments.audit.columns import AUDIT
from forwardgrad.experiments.audit.figures.second_moments import second_moments
from forwardgrad.experiments.audit.finding import Finding, exact
from forwardgrad.files import write_csv
from forwardgrad.plotting import labels
from forwardgrad.report.markup import sentence

FRAME = {"page.html.j2": "{% block main %}{% endblock %}"}
INTERVAL = Finding(1.0, -0.25, "smaller", -0.5, 0.0, 2000)


@pytest.fixture
def rows(repositories, tmp_path, monkeypatch):
    """A function that returns the rows of the page when every computation comes to `finding`, read from a file."""

    def rows(finding):
        for module in (students, others):
            monkeypatch.setattr(module, "ALONE", dict.fromkeys(module.ALONE, lambda: finding))
        write_csv(tmp_path / "audit.csv", AUDIT, audit.rows(repositories, audit.computations(None)))
        return pd.read_csv(tmp_path / "audit.csv", keep_default_na=False).to_dict("records")

    return rows


@pytest.fixture
def page(root, tmp_path):
    environment = Environment(
        loader=ChoiceLoader([DictLoader(FRAME), FileSystemLoader(root / "report/templates")]),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"labels": labels, "redo": lambda target: f"snakemake {target}", "percent": "95"}
    environment.filters |= {"sentence": sentence, "link": str}
    template = environment.get_template("pages/audit.html.j2")

    return lambda rows: " ".join(template.render(audit=rows, audit_figures=[], results=tmp_path).split())


def test_every_defect_has_its_row(page, rows, repositories):
    text = page(rows(INTERVAL))
    for repository in repositories:
        assert f"<h2>{repository['repository']}" in text
        for key in repository["defects"]:
            assert f'id="audit-{key.replace("_", "-")}"' in text
    assert "(2023), <code>4781856</code>" in text


def test_numbers_and_intervals_are_those_of_the_table(page, rows):
    text = page(rows(INTERVAL))
    assert '<td class="n">1.00</td>' in text
    assert "−0.250<small>−0.500 to 0, n&nbsp;=&nbsp;2,000</small>" in text
    assert "<small>" not in page(rows(exact(0, 2, "larger"))).split('<td class="n">2.00')[1][:6]


@pytest.mark.parametrize(("found", "shown"), [(2, 11), (0, 0)])
def test_what_is_shown_is_counted(page, rows, found, shown):
    text = page(rows(exact(1, found, "larger")))
    assert re.findall(r"\d+", text.partition("</p>")[0]) == ["95", "18", str(shown)]
    assert text.count("<td>yes</td>") == shown
    assert text.count("<td>documented</td>") == 2
    assert text.count("<td>no data</td>") == 7


def test_the_figure_holds_the_moments(store):
    frame = pd.DataFrame(audit.moments())
    figure, _ = second_moments(store({"frames/audit-moments": frame}))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Gaussian", "Standardised", "Uniform on [0, 1)"]
    written = [float(text.get_text().replace("−", "-")) for axes in figure.axes for text in axes.texts]
    assert written == pytest.approx(frame["moment"].tolist(), abs=0.006)
