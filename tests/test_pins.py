import contextlib
import itertools
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name


def installed(name):
    """Return the distribution of a pin, or None: some are for other systems or versions of Python."""
    with contextlib.suppress(PackageNotFoundError):
        return distribution(name)


@pytest.fixture
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture
def pins(root):
    lines = (root / "constraints.txt").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines)
    return {canonicalize_name(name): number for name, number in (line.split("==") for line in lines)}


def test_direct_dependencies_have_the_version_of_the_constraints(project, pins):
    texts = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    requirements = [requirement for requirement in map(Requirement, texts) if requirement.name != project["name"]]
    assert len(requirements) == len(texts) - 1
    for requirement in requirements:
        assert str(requirement.specifier) == f"=={pins[canonicalize_name(requirement.name)]}"


def test_the_library_needs_torch_and_numpy_alone(project):
    assert {Requirement(text).name for text in project["dependencies"]} == {"torch", "numpy"}
    assert "forwardgrad[pipeline]" in project["optional-dependencies"]["test"]


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_every_pin_takes_the_oldest_python_of_each_kind(project, pins, python):
    """Debian 12 has 3.11.2: a pin that needs a later one cannot be installed there."""
    assert python in SpecifierSet(project["requires-python"])
    wanted = {name: found.metadata["Requires-Python"] for name in pins if (found := installed(name))}
    assert [name for name, versions in wanted.items() if versions and python not in SpecifierSet(versions)] == []


def test_everything_that_is_needed_is_installed_as_pinned(project, pins):
    needed, waiting = set(), [Requirement(f"forwardgrad[{','.join(project['optional-dependencies'])}]")]
    while waiting:
        requirement = waiting.pop()
        for extra in requirement.extras | {""}:
            if (name := (canonicalize_name(requirement.name), extra)) not in needed:
                needed.add(name)
                found = map(Requirement, distribution(requirement.name).requires or ())
                waiting += [other for other in found if not other.marker or other.marker.evaluate({"extra": extra})]
    # A build of torch for CUDA brings libraries that its own metadata pins.
    names = {name for name, _ in needed if not name.startswith(("forwardgrad", "nvidia-", "cuda-", "triton"))}
    assert {name: version(name).split("+")[0] for name in names} == {name: pins.get(name) for name in names}


def test_conda_reads_the_same_pins(root):
    environment = yaml.safe_load((root / "environment.yml").read_text())
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["--constraint constraints.txt", "--editable .[test]"]


def test_versions_agree(root, project):
    import forwardgrad

    assert yaml.safe_load((root / "CITATION.cff").read_text())["version"] == forwardgrad.__version__
    assert f"## {forwardgrad.__version__}" in (root / "CHANGELOG.md").read_text()
