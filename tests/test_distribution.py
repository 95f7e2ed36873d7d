"""What is built of the package, and what is in it."""

import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

BUILD = "from setuptools import build_meta as backend; print(backend.{}('built'))"
SOURCES = ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "src", "tests")
OUTPUTS = shutil.ignore_patterns("__pycache__", "*.egg-info")


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    """A copy of what a distribution could be made of."""
    folder = tmp_path_factory.mktemp("project")
    for part in SOURCES:
        if (root / part).is_dir():
            shutil.copytree(root / part, folder / part, ignore=OUTPUTS)
        else:
            shutil.copy(root / part, folder / part)
    return folder


def build(project, kind):
    """Build a distribution as pip does, and return its file."""
    command = [sys.executable, "-c", BUILD.format(f"build_{kind}")]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return project / "built" / done.stdout.splitlines()[-1]


def content(project):
    """Every file of the package, code and data, and of what Snakemake finds it by."""
    folders = [project / "src" / name for name in ("forwardgrad", "snakemake_logger_plugin_forwardgrad")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {str(path.relative_to(project / "src")) for path in files}


def test_a_wheel_holds_the_package_its_data_and_the_licence(project):
    with zipfile.ZipFile(build(project, "wheel")) as wheel:
        names = set(wheel.namelist())
        (about,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        needed = [line for line in wheel.read(about).decode().splitlines() if line.startswith("Requires-Dist: ")]
    about = about.removesuffix("METADATA")
    assert {name for name in names if not name.startswith(about)} == content(project)
    assert f"{about}licenses/LICENSE" in names
    always = {line.removeprefix("Requires-Dist: ").split("==")[0] for line in needed if "extra ==" not in line}
    assert always == {"numpy", "torch"}


def test_a_source_distribution_holds_what_a_wheel_is_made_of(project):
    with tarfile.open(build(project, "sdist")) as archive:
        names = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
    assert {f"src/{name}" for name in content(project)} | {"LICENSE", "README.md", "pyproject.toml"} <= names
    assert not [name for name in names if name.startswith("tests")]
