import ast
import hashlib
import sys

import pytest

from forwardgrad.pipeline import digest as sources
from forwardgrad.pipeline.digest import ORDER

# Within a kind of experiment the name of a file says what it may import from its own folder.
ROOMS = ("columns", "plan", "tables", "analyses", "figures", "alternatives", "section", "command")
WORDS = ("seeds", "catalogue", "files", "arguments")
NO_TORCH = (
    "results",
    "plotting",
    "claims",
    "reference",
    "report",
    "tables",
    "analyses",
    "figures",
    "alternatives",
    "section",
    "columns",
    "plan",
)


def layer(module):
    """Place of `module`, a name such as `core.draws`, in the order of the folders."""
    return ORDER.index(module.split(".")[0])


@pytest.mark.parametrize("module", sources.modules())
def test_imports_go_down_only(module):
    assert max(map(layer, sources.imports(module)), default=0) <= layer(module)


def test_the_order_names_what_exists():
    assert {module.split(".")[0] for module in sources.modules()} == set(ORDER)


@pytest.mark.parametrize("module", [name for name in sources.modules() if name.split(".")[0] == "data"])
def test_data_and_runs_do_not_know_each_other(module):
    assert all(name.split(".")[0] == "data" or "." not in name for name in sources.imports(module))
    assert module in ("data", "data.prepared") or module not in sources.dependencies("experiments.training.train")


def imported(module):
    """Roots of all that `module` imports from elsewhere, lazily or not."""
    tree = ast.walk(sources.parse(module))
    names = [alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names]
    tree = ast.walk(sources.parse(module))
    names += [node.module for node in tree if isinstance(node, ast.ImportFrom) and node.module]
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("module", sources.modules())
def test_the_package_never_imports_snakemake(module):
    assert "snakemake" not in imported(module)


@pytest.mark.parametrize("module", [name for name in sources.modules() if set(name.split(".")) & set(NO_TORCH)])
def test_analysis_never_imports_torch(module):
    assert not imported(module) & {"torch", "torchvision"}


@pytest.mark.parametrize(
    "module",
    [name for name in sources.modules() if name.split(".")[0] in WORDS or sources.last(name) in ("columns", "plan")],
)
def test_names_need_the_standard_library_alone(module):
    assert imported(module) <= set(sys.stdlib_module_names) | {"forwardgrad"}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of three modules, `top` imports `middle` imports `bottom`."""

    def forget():
        for function in vars(sources).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text)
        forget()

    monkeypatch.setattr(sources, "PACKAGE", tmp_path)
    write(
        top="from forwardgrad.middle import x",
        middle="def x():\n    from forwardgrad import bottom, catalogue",
        bottom="y = 1",
        other="",
        catalogue="",
    )
    yield write
    forget()


def test_a_digest_covers_what_is_imported_and_nothing_else(package):
    assert sources.dependencies("top") == {"top", "middle", "bottom"}
    before = sources.digest("top")
    package(other="changed = 1", catalogue="changed = 1")
    assert sources.digest("top") == before
    package(bottom="y = 1  # with a comment")
    assert sources.digest("top") == before
    package(bottom="y = 2")
    assert sources.digest("top") != before


def test_of_the_constants_a_digest_covers_those_that_are_named(package):
    package(
        columns="A = {'a': 1}\nB = {**A, 'b': 1}\nC = 1",
        middle="from forwardgrad.columns import B\nfrom forwardgrad import bottom",
    )
    before = sources.digest("top")
    package(columns="NEW = 0\nA = {'a': 1}\nB = {**A, 'b': 1}\nC = 2  # analysis alone")
    assert sources.digest("top") == before
    package(columns="A = {'a': 2}\nB = {**A, 'b': 1}\nC = 1")
    assert sources.digest("top") != before
    package(columns="A = {'a': 1}\nB = {**A, 'b': 2}\nC = 1")
    assert sources.digest("top") != before
    package(middle="from forwardgrad import columns")
    before = sources.digest("top")
    package(columns="A = {'a': 1}\nB = {**A, 'b': 1}\nC = 2")
    assert sources.digest("top") != before


@pytest.mark.parametrize("module", [name for name in sources.modules() if sources.last(name) == sources.CONSTANTS])
def test_constants_are_plain(module):
    statements = [node for node in sources.parse(module).body[1:] if not isinstance(node, ast.ImportFrom)]
    assert all(isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) for node in statements)


def test_runs_do_not_depend_on_columns_of_the_analysis():
    found = sources.constants("experiments.training.columns", sources.dependencies("experiments.training.train"))
    assert {node.targets[0].id for node in found} == {"METRICS", "TIMES"}


def test_runs_depend_on_core_training_and_data_reading_only():
    found = sources.dependencies("experiments.training.train")
    assert {
        "core.gradients",
        "core.engine.plain",
        "core.engine.general",
        "core.tangents",
        "core.models",
        "data.prepared",
        "seeds",
    } <= found
    assert not any(name.split(".")[0] in ("results", "plotting", "claims", "report") for name in found)
    assert "catalogue" not in found
    assert len(sources.digest("experiments.training.train")) == len(hashlib.sha256().hexdigest())


@pytest.mark.parametrize("user", ["plotting.labels", "plotting.style", "core.flops", "experiments.estimators.sample"])
def test_who_reads_an_entry_of_the_catalogue_depends_on_what_it_says(user):
    assert "catalogue.estimators" in sources.dependencies(user)
    assert "catalogue.estimators" not in sources.dependencies("experiments.training.train")
