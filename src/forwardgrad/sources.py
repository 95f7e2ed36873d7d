"""The package's own source: which module lies in which layer, what imports what, and a digest of code.

The workflow puts `digest("training")` beside the settings of every run, so that changed code reruns
what depends on it and nothing else.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

LAYERS = {
    0: (
        "seeds",
        "catalogue",
        "columns",
        "configuration",
        "sources",
        "provenance",
        "ledger",
        "writing",
        "cases",
        "estimation",
    ),
    1: (
        "draws",
        "tangents",
        "forward",
        "estimates",
        "perturbations",
        "gradients",
        "models",
        "metrics",
        "dataset",
        "data",
        "allocator",
        "functions",
        "formulae",
    ),
    2: (
        "descent",
        "descent_costs",
        "training",
        "timing",
        "speed",
        "baselines",
        "flops",
        "memory",
        "graphs",
        "bench",
        "audit",
        "sampling",
    ),
    3: ("results",),
    4: (
        "statistics",
        "outcomes",
        "tables",
        "times",
        "budgets",
        "norms",
        "ratios",
        "tuning",
        "comparison",
        "plotting",
        "markup",
        "speed_section",
        "functions_section",
        "estimators",
        "estimators_section",
        "wording",
        "report",
        "reference",
        "readme",
        "verify",
        "evidence",
        "claims",
        "claims_section",
        "invariants",
    ),
    5: (
        "notebooks",
        "document",
        "validation",
        "ledger_check",
        "progress",
        "client",
        "server",
        "arguments",
        "data_command",
        "functions_command",
        "cli",
    ),
}

# What these declare reaches a job through its parameters: a new data set must not rerun the old ones.
DECLARATIONS = {"catalogue", "configuration"}

# Constants alone: what imports some of them by name depends on these, not on the others.
CONSTANTS = "columns"


def layer(module: str) -> int:
    """Return the layer of `module`, a name such as `training` or `data.penguins`."""
    return next(number for number, modules in LAYERS.items() if module.split(".")[0] in modules)


def modules() -> dict[str, Path]:
    """Return every module of the package but its root, by dotted name below the package."""
    paths = sorted(PACKAGE.rglob("*.py"))
    names = [".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return {name: path for name, path in zip(names, paths, strict=True) if name != "__init__"}


@cache
def parse(module: str) -> ast.Module:
    """Return the syntax tree of `module`."""
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def imports(module: str, package: str = "forwardgrad") -> set[str]:
    """Return the modules of the package that `module` imports, anywhere in it."""
    found = set()
    for node in ast.walk(parse(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    own = {name.removeprefix(f"{package}.") for name in found if name.startswith(f"{package}.")}
    return own & modules().keys()


def dependencies(module: str) -> set[str]:
    """Return `module` and all that it imports from the package, directly or not, declarations left out."""
    found: set[str] = set()
    open_modules = {module}
    while open_modules:
        found |= open_modules
        open_modules = set().union(*map(imports, open_modules)) - found - DECLARATIONS
    return found


def constants(users: Iterable[str]) -> list[ast.stmt]:
    """Return the assignments of the module of constants that `users` import, by name or all, with what they use."""
    imported = [node for user in users for node in ast.walk(parse(user)) if isinstance(node, ast.ImportFrom)]
    if any(alias.name == CONSTANTS for node in imported for alias in node.names):
        return parse(CONSTANTS).body
    names = {alias.name for node in imported if node.module == f"forwardgrad.{CONSTANTS}" for alias in node.names}
    found = []
    for node in reversed(parse(CONSTANTS).body):  # a constant refers to earlier ones alone
        if isinstance(node, ast.Assign) and node.targets[0].id in names:
            found.append(node)
            names |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return found


def digest(*names: str) -> str:
    """Return the SHA-256 of what the named modules and their dependencies do.

    It is taken over the syntax trees, so a changed comment reruns nothing.
    """
    closure = set().union(*map(dependencies, names))
    trees = {name: [parse(name)] for name in closure - {CONSTANTS}}
    if CONSTANTS in closure:
        trees[CONSTANTS] = constants(closure)
    texts = [f"{name} {ast.dump(tree)}" for name in sorted(trees) for tree in trees[name]]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
