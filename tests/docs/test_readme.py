"""Every command that the documents name is run somewhere, or tried here without effect."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from snakemake.cli import get_argument_parser

from forwardgrad.catalogue import DATASETS, ESTIMATORS
from forwardgrad.pipeline.cli import parser

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "ARTIFACT.md",
    "CONTRIBUTING.md",
    "config/README.md",
    "results/README.md",
    "docs/data.md",
    "docs/experiments.md",
    "docs/extending.md",
    "docs/faults.md",
    "docs/install.md",
    "docs/library.md",
    "docs/theory.md",
    "docs/checklists.md",
)
PROGRAMS = ("make", "snakemake", "forwardgrad", "python", "jupytext", "pip", "conda")
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`")

# What is not tried here: run elsewhere, or not at all.
ELSEWHERE = {
    ". .venv/bin/activate": "Makefile",
    "snakemake -f FILE": "a pattern",
    "pip install snakemake-executor-plugin-cluster-generic==1.0.9": "make slurm",
    "snakemake --workflow-profile slurm": "make slurm",
    'sbatch --exclusive --wrap "snakemake --cores all"': "needs a cluster",
    "python benchmarks/scale.py": "ten minutes, by hand",
    "conda env create --file environment.yml": "needs conda and the network",
    "conda activate forwardgrad": "needs conda",
}
GUIDE = "docs/extending.md"  # its commands are run by test_extending


def commands_of(document):
    """Return the commands of a document, those in its text included."""
    text = (ROOT / document).read_text()
    lines = [line.split("  #")[0].strip() for block in BLOCK.findall(text) for line in block.splitlines()]
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(line.split()) for line in [*lines, *INLINE.findall(prose)] if line]


COMMANDS = sorted({command for document in DOCUMENTS if document != GUIDE for command in commands_of(document)})


class Wanted(NamedTuple):
    """What a command line of Snakemake asks for."""

    targets: frozenset[str]
    configfiles: tuple[str, ...]


def wanted(arguments):
    """Read the arguments of a command as Snakemake reads them."""
    options = get_argument_parser().parse_args(arguments)
    return Wanted(frozenset(options.targets), tuple(map(str, options.configfile or ())))


TRIED = [command.split()[1:] for command in COMMANDS if command.startswith("snakemake ") and command not in ELSEWHERE]
CONFIGURED = sorted({wanted(arguments).configfiles for arguments in TRIED})


@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in ELSEWHERE])
def test_a_command_works(copy, command):
    program, *arguments = shlex.split(command)
    match program:
        case "make":
            status, output = copy(program, "--dry-run", *arguments)
            assert status == 0, output
        case "snakemake":
            assert wanted(arguments).configfiles in CONFIGURED  # its targets are tried with those of the others
        case "jupytext":
            status, output = copy(program, *arguments)
            assert status == 0, output
        case "forwardgrad":
            parser().parse_args(arguments)
        case "python" if arguments[0] == "-m":
            assert find_spec(arguments[1])
        case "python":
            assert f'"{(ROOT / arguments[0]).stem}"' in (ROOT / "tests/examples/test_examples.py").read_text()
            assert (ROOT / arguments[0]).exists()
        case _:
            pytest.fail(f"{command}: run it somewhere, and say where in ELSEWHERE")


@pytest.mark.parametrize("configfiles", CONFIGURED, ids=str)
def test_what_is_asked_of_snakemake_can_be_made(copy, configfiles):
    """All targets of one configuration at once: to start is what takes Snakemake most of the time."""
    targets = {
        target
        for arguments in TRIED
        if wanted(arguments).configfiles == configfiles
        for target in wanted(arguments).targets
    }
    extended = ["--configfile", *configfiles] if configfiles else []
    status, output = copy("snakemake", "--dry-run", *sorted(targets | {"all"}), *extended)
    assert status == 0, output


def test_nothing_is_excused_that_is_not_there():
    assert set(ELSEWHERE) <= set(COMMANDS)


def test_commands_are_found_in_blocks_and_in_text():
    assert "make reproduce" in COMMANDS
    assert "snakemake --cores all --configfile config/paper.yaml" in COMMANDS
    assert "forwardgrad data --retry" in COMMANDS


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths_in_the_documents_exist(document):
    text = (ROOT / document).read_text()
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / document).parent.joinpath(link).exists()
    for path in re.findall(r"`((?:config|docs|examples|profiles|src|tests|workflow)/[\w./-]*)`", text):
        assert document == GUIDE or (ROOT / path).exists(), path


def test_the_core_is_shown_as_the_example_has_it():
    lines = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1].splitlines()
    example = (ROOT / "examples/own_network.py").read_text()
    assert lines[0] in example
    assert lines[1].split("  #")[0] in example
    assert lines[2].split(" learning_rate")[0] in example


@pytest.mark.parametrize(
    ("document", "known", "start"),
    [("docs/data.md", DATASETS, "| set |"), ("docs/library.md", ESTIMATORS, "| key | estimate")],
)
def test_the_tables_name_what_exists(document, known, start):
    table = (ROOT / document).read_text().split(start)[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    assert {key for row in rows for key in re.findall(r"`(\w+)`", row)} == set(known)


def test_the_table_of_experiments_names_what_the_default_runs():
    table = (ROOT / "README.md").read_text().split("| experiment |")[1].split("\n\n")[0]
    run = yaml.safe_load((ROOT / "config/config.yaml").read_text())["run"]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(run)


def test_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text().split()) <= 1000
