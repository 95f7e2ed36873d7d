import ast
import importlib
import re
from pathlib import Path

import jupytext
import pytest
import yaml
from bs4 import BeautifulSoup

from forwardgrad.arguments import RefusalError
from forwardgrad.report import notebook as notebooks
from forwardgrad.report import page as report

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "workflow/notebooks").glob("*.py"))
LOADING = {"script": "src", "img": "src", "iframe": "src", "link": "href", "use": "href", "image": "href"}

SMALL = r"""
# %% [markdown]
# # A small notebook
# Inline $x^2$, and by itself
#
# $$\sum_i \langle v, w \rangle$$

# %% tags=["parameters"]
quick = False
name = "same"

# %%
print("one")
print(f"quick is {quick}")

# %% tags=["figure"]
from forwardgrad.plotting import inline
from forwardgrad.plotting.style import INK
import matplotlib.pyplot as plt

inline.begin()
plt.plot([1, 2], color=INK)
"""


def cells(path):
    return [cell.source for cell in jupytext.read(path).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_its_text(path):
    body = path.read_text().split("# ---\n\n")[1]
    written = jupytext.writes(jupytext.read(path), fmt="py:percent").split("# ---\n\n")[1]
    assert written == body


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_notebook_imports_exists(path):
    imports = [node for cell in cells(path) for node in ast.walk(ast.parse(cell)) if isinstance(node, ast.ImportFrom)]
    assert any(node.module.startswith("forwardgrad") for node in imports)
    for node in imports:
        module = importlib.import_module(node.module)
        for alias in node.names:
            assert hasattr(module, alias.name) or importlib.import_module(f"{node.module}.{alias.name}")


def test_the_configuration_knows_every_notebook(schema):
    known = schema["properties"]["notebooks"]["properties"]["show"]["items"]["enum"]
    assert sorted(known) == [path.stem for path in NOTEBOOKS]
    assert yaml.safe_load((ROOT / "config/config.yaml").read_text())["notebooks"]["show"] == known


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "small.py"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def page(small):
    """The page of the small notebook."""
    output = small.with_suffix(".html")
    notebooks.render(small, output, ROOT / "report/templates", {"quick": True, "name": "same"})
    return BeautifulSoup(output.read_text(), "html.parser")


def test_a_page_shows_what_was_executed(page):
    assert page.title.text == page.h1.text == "A small notebook"
    assert page.find("pre", class_="output").text.strip() == "one\nquick is True"


def test_a_page_says_what_the_workflow_set(page):
    (cell,) = [pre.text for pre in page.find_all("pre") if "set by the workflow" in pre.text]
    assert cell.split("\n")[1:2] == ["quick = True"]
    assert "name" not in cell


def test_formulae_are_rendered(page):
    assert [formula["display"] for formula in page.find_all("math")] == ["inline", "block"]
    assert "$" not in page.main.text


def test_a_figure_is_part_of_the_page_in_its_colours(page):
    assert "var(--ink)" in str(page.find("figure").svg)
    assert "plt.plot" in page.find("details").text


def test_a_page_loads_nothing(page):
    assert not [
        element for tag, key in LOADING.items() for element in page.find_all(tag) if "//" in element.get(key, "")
    ]
    assert not any("@import" in style.text or "url(http" in style.text for style in page.find_all("style"))


def test_a_failing_cell_leaves_no_page(tmp_path):
    source = tmp_path / "failing.py"
    source.write_text("# %% [markdown]\n# # Failing\n\n# %%\n1 / 0\n")
    with pytest.raises(RefusalError, match=f"^{re.escape(str(source))}: ZeroDivisionError: division by zero$"):
        notebooks.render(source, tmp_path / "failing.html", ROOT / "report/templates", {})
    assert [path.name for path in tmp_path.iterdir()] == ["failing.py"]


def test_a_parameter_that_no_cell_sets_is_refused(small):
    with pytest.raises(ValueError, match="no cell tagged `parameters` sets speed: set speed in one"):
        notebooks.parametrised(jupytext.read(small), {"speed": 1})


def test_the_report_calls_a_notebook_by_its_heading():
    assert report.heading(Path("report/notebooks/explore_results.html"), ROOT) == "Explore the results"
