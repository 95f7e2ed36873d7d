"""Notebooks: text in py:percent, executed in a kernel of their own and rendered to pages that need no network.

Formulae become MathML, figures become part of the page in the colours of its theme, and code is
coloured beforehand: nothing is left for a script to fetch.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
from latex2mathml.converter import convert
from nbconvert import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import CellExecutionError, CoalesceStreamsPreprocessor, ExecutePreprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from forwardgrad.arguments import RefusalError
from forwardgrad.files import write_atomically
from forwardgrad.plotting.page import inline_svg
from forwardgrad.plotting.style import shorten

TEMPLATE = "notebook.html.j2"
TIMEOUT = 600  # seconds for one cell


class WithMathML(IPythonRenderer):
    """Markdown to HTML, formulae to MathML."""

    def block_math(self, body: str) -> str:
        """A formula between double dollar signs."""
        return f'<span class="formula">{convert(body.strip(), display="block")}</span>'

    def inline_math(self, body: str) -> str:
        """A formula between single dollar signs."""
        return convert(body.strip())


def render(source: Path, output: Path, templates: Path, parameters: Mapping[str, Any]) -> None:
    """Execute a notebook in the current folder and write its page.

    Args:
        source: Notebook as py:percent text.
        output: HTML file.
        templates: Folder of the template and of the style that it includes.
        parameters: Values of names that the notebook's cell tagged `parameters` sets.

    Raises:
        ValueError: The notebook has no such cell, or it does not set a name of `parameters`.
        RefusalError: A cell fails.
    """
    notebook = parametrised(jupytext.read(source), parameters)
    # One interpreter, one kernel: the one that runs this, whatever kernels else are registered.
    executor = ExecutePreprocessor(timeout=TIMEOUT, kernel_name="python3")
    try:
        executed, _ = executor.preprocess(notebook, {"metadata": {"path": os.getcwd()}})
    except CellExecutionError as error:
        raise RefusalError(f"{source}: {error.ename}: {' '.join(error.evalue.split())}") from None
    executed, _ = CoalesceStreamsPreprocessor(enabled=True).preprocess(executed, {})  # one print may come in parts
    text = page(executed, templates, source=source, home=os.path.relpath("report/index.html", output.parent))
    write_atomically(output, text)


def parametrised(notebook: NotebookNode, parameters: Mapping[str, Any]) -> NotebookNode:
    """Return `notebook` with a cell behind its `parameters` that gives them other values."""
    tagged = [index for index, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())]
    defaults: dict[str, Any] = {}
    for index in tagged:
        exec(notebook.cells[index].source, {}, defaults)
    if unknown := [name for name in parameters if name not in defaults]:
        raise ValueError(f"no cell tagged `parameters` sets {', '.join(unknown)}: set {unknown[0]} in one")
    lines = [f"{name} = {value!r}" for name, value in parameters.items() if value != defaults[name]]
    if lines:
        notebook.cells.insert(tagged[-1] + 1, new_code_cell("\n".join(["# set by the workflow", *lines])))
    return notebook


def page(notebook: NotebookNode, templates: Path, **values: Any) -> str:
    """Return an executed notebook as a page; `values` are for the template."""
    exporter = TemplateExporter(template_name="base", template_file=TEMPLATE, extra_template_paths=[str(templates)])
    renderer = WithMathML(escape=False, exclude_anchor_links=True)
    exporter.register_filter("markdown2html", lambda text: MarkdownWithMath(renderer=renderer).render(text))
    exporter.register_filter("figure", lambda svg, prefix: inline_svg(shorten(svg), prefix))
    html, _ = exporter.from_notebook_node(notebook, {"title": title(notebook), "values": values})
    return html


def title(notebook: NotebookNode) -> str:
    """Return the first heading."""
    return next(line.lstrip("# ") for cell in notebook.cells for line in cell.source.splitlines() if line[:2] == "# ")
