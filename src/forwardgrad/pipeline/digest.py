"""A digest of the package's own code: which modules something depends on, and what these do.

The workflow puts `digest("experiments.training.train")` beside the settings of every run, so that changed code
reruns what depends on it and nothing else.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent

# The folders of the package and the modules beside them, from the ground up: each imports only those before it.
ORDER = (
    "seeds", "catalogue", "files", "suggestions", "schema", "arguments", "yaml_file",
    "machine", "core", "data", "results", "plotting", "experiments", "claims", "report", "reference", "pipeline",
    "__main__",
)  # fmt: skip

# What these declare reaches a job through its parameters: a new data set must not rerun the old ones.
DECLARATIONS = ("catalogue", "kinds", "plan", "products", "runs")

# Constants alone: what imports some of them by name depends on these, not on the others.
CONSTANTS = "columns"


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package but its root, by dotted name below the package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return {name: path for name, path in zip(names, paths, strict=True) if name != "__init__"}


@cache
def parse(module: str) -> ast.Module:
    """Return the syntax tree of `module`."""
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


@cache
def dump(module: str) -> str:
    """Return the syntax tree of `module` as text."""
    return ast.dump(parse(module))


@cache
def import_statements(module: str) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports of `module`, those within its functions included."""
    return [node for node in ast.walk(parse(module)) if isinstance(node, ast.Import | ast.ImportFrom)]


@cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of the package that `module` imports, anywhere in it."""
    found = set()
    for node in import_statements(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name.removeprefix("forwardgrad.") for name in found) & modules().keys()


def last(module: str) -> str:
    """Return the name of `module` without its folders."""
    return module.rpartition(".")[2]


def dependencies(module: str) -> set[str]:
    """Return `module` and all that it imports from the package, directly or not, declarations left out."""
    found: set[str] = set()
    open_modules = {module}
    while open_modules:
        found |= open_modules
        imported = set().union(*map(imports, open_modules)) - found
        open_modules = {name for name in imported if last(name) not in DECLARATIONS}
    return found


def constants(module: str, users: Iterable[str]) -> list[ast.stmt]:
    """Return the assignments of a module of constants that `users` import by name, with those that they refer to."""
    imported = [node for user in users for node in import_statements(user) if isinstance(node, ast.ImportFrom)]
    folder, _, name = f"forwardgrad.{module}".rpartition(".")
    if any(node.module == folder and alias.name == name for node in imported for alias in node.names):
        return parse(module).body
    names = {alias.name for node in imported if node.module == f"forwardgrad.{module}" for alias in node.names}
    found = []
    for node in reversed(parse(module).body):  # a constant refers to earlier ones alone
        if isinstance(node, ast.Assign) and node.targets[0].id in names:
            found.append(node)
            names |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return found


@cache
def digest(*names: str) -> str:
    """Return the SHA-256 of what the named modules and their dependencies do.

    It is taken over the syntax trees, so a changed comment reruns nothing.
    """
    closure = set().union(*map(dependencies, names))
    texts = []
    for name in sorted(closure):
        dumps = map(ast.dump, constants(name, closure)) if last(name) == CONSTANTS else [dump(name)]
        texts += [f"{name} {text}" for text in dumps]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
