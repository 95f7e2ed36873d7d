"""docs/extending.md, followed to the letter in a copy of the repository."""

import csv
import re
import shlex
from runpy import run_path

import pytest
import torch

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"^(New file|In) `(.+)`:$", re.MULTILINE)


def blocks(text):
    """Yield (file or None, language, content) of every code block; a block without a file is for the one before."""
    path = None
    end = 0
    for block in BLOCK.finditer(text):
        places = PLACE.findall(text, end, block.start())
        path, end = places[-1][1] if places else path, block.end()
        yield path, *block.groups()


def edited(text, edit):
    """Return `text` with one edit: the lines that are there already stand in it exactly once."""
    lines = edit.splitlines(keepends=True)
    assert all(line[0] in " +-" for line in lines)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    if not before:
        return text + after
    changed, times = re.subn(f"^{re.escape(before)}", lambda _: after, text, flags=re.MULTILINE)
    assert times == 1, before
    return changed


@pytest.fixture(scope="module")
def guide(root):
    return list(blocks((root / "docs/extending.md").read_text()))


@pytest.fixture(scope="module")
def extended(copy, guide):
    """The copy after every edit of the guide."""
    for path, language, content in guide:
        if language == "diff":
            file = copy.folder / path
            file.write_text(edited(file.read_text(), content))
        elif language != "sh":
            (copy.folder / path).parent.mkdir(exist_ok=True)
            (copy.folder / path).write_text(content)
    return copy


def test_an_edit_needs_its_surroundings_once():
    assert edited("a\nb\n", " a\n+c\n") == "a\nc\nb\n"
    assert edited("a\nb\n", "-b\n+c\n") == "a\nc\n"
    assert edited("a\n", "+\n+b\n") == "a\n\nb\n"
    for text in ("b\n", "a\na\n", "ba\n"):
        with pytest.raises(AssertionError):
            edited(text, " a\n+c\n")


def test_growth_costs_few_files(root):
    """Count what each section of the guide edits, files of its own and the configuration that uses it left out."""
    sections = re.split(r"^## ", (root / "docs/extending.md").read_text(), flags=re.MULTILINE)[1:]
    edited = {}
    for section in sections:
        places = {path for kind, path in PLACE.findall(section) if kind == "In"}
        edited[section.splitlines()[0]] = len({path for path in places if not path.startswith("config/")})
    assert edited == {
        "A configuration of your own": 0,
        "Add a data set": 2,
        "Add a model": 2,
        "Add a method": 0,
        "Add an estimator": 3,
        "Add an analysis with a figure": 2,
        "Add a kind of experiment": 2,
        "Add a claim": 1,
        "Add a rule of forward mode": 1,
        "Run one, then all": 0,
    }


def test_the_commands_of_the_guide_work(extended, guide):
    """One run trains the new model on the new data by the new estimator, and the new kind is measured beside it."""
    commands = [
        shlex.split(line) for _, language, content in guide if language == "sh" for line in content.splitlines()
    ]
    (run,) = [command for command in commands if command[1].endswith("metrics.csv")]
    status, output = extended(*run[:2], "lengths", *run[2:])
    assert status == 0, output
    with (extended.folder / run[1]).open() as file:
        losses = [float(row["train_loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < losses[0]
    with (extended.folder / "results/frames/lengths.csv").open() as file:
        lengths = [float(row["length"]) for row in csv.DictReader(file)]
    assert lengths == pytest.approx([1, 1, 1], abs=0.15)
    dry = ("--dry-run", "--quiet", "rules")
    rest = {tuple(word for word in command if word not in dry) for command in commands if command != run}
    for command in rest:
        status, output = extended(*command[:1], *dry, *command[1:])
        assert status == 0, output


def test_the_new_rule_is_exact(extended):
    rules = run_path(str(extended.folder / "src/forwardgrad/core/engine/rules.py"))
    layer, (primal, tangent) = torch.nn.Sigmoid(), torch.randn(2, 5, dtype=torch.float64)
    expected = torch.func.jvp(layer, (primal,), (tangent,))
    torch.testing.assert_close(rules["WITHOUT_PARAMETERS"][torch.nn.Sigmoid](layer, primal, tangent), expected)


def test_the_code_of_the_guide_keeps_the_style(extended, guide):
    files = {path for path, language, _ in guide if language != "sh" and path.endswith(".py")}
    for check in (("check",), ("format", "--check")):
        status, output = extended("ruff", *check, "--no-cache", *files)
        assert status == 0, output


def test_new_names_have_labels_and_looks(extended):
    look = "style.look('forward_rank_eight', 'forward_rank_eight').marker"
    words = f"labels.cell('iris', 'tanh_16'), labels.ESTIMATORS['forward_rank_eight'], {look}"
    status, output = extended("python", "-c", f"from forwardgrad.plotting import labels, style; print({words})")
    assert (status, output) == (0, "Iris: tanh network 4-16-3 Forward gradient, rank eight H\n")
