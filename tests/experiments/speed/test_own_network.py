"""A network of the user's: from the command line and from Python, and every mistake as one line."""

import json
import sys

import pytest
import torch
from torch import nn

from forwardgrad import bench_network
from forwardgrad.arguments import RefusalError
from forwardgrad.catalogue import USUAL
from forwardgrad.pipeline.cli import main

MODULE = """
import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))

    def forward(self, values, scale):
        for block in self.blocks:
            values = values + scale * torch.tanh(block(values))
        return {"logits": values}


def make():
    return Residual(), loss, {"values": torch.rand(8, 4), "scale": 0.5}, torch.arange(8) % 4


def loss(outputs, targets):
    return nn.functional.cross_entropy(outputs["logits"], targets)


number = 3


def fails():
    raise KeyError("no such file")
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a module of the user's."""
    (tmp_path / "my_networks.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import nothing_of_the_kind")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in ("my_networks", "broken"):
        sys.modules.pop(name, None)


def test_a_users_network_is_measured_from_the_command_line(folder, capsys):
    arguments = ["--network", "my_networks:make", "--seconds", "0.01", "--memory", "--json", "rows.json"]
    assert main(["bench", *arguments]) == 0
    rows = json.loads((folder / "rows.json").read_text())
    assert [row["method"] for row in rows] == list(USUAL)
    assert {(row["model"], row["batch_size"], row["parameters"]) for row in rows} == {("my_networks:make", 8, 40)}
    assert [row["note"] for row in rows] == [None] * len(rows)
    assert all(row["seconds"] > 0 and row["peak_bytes"] >= 0 for row in rows)
    assert capsys.readouterr().out.count("my_networks:make batch    8") == len(USUAL)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "no_such_module:make",
            "no_such_module cannot be imported: ModuleNotFoundError: No module named 'no_such_module'",
        ),
        ("broken:make", "broken cannot be imported: ModuleNotFoundError: No module named 'nothing_of_the_kind'"),
        ("my_networks:mkae", "my_networks has no function mkae; it must return (model, loss, inputs, targets)"),
        ("my_networks:number", "my_networks has no function number; it must return (model, loss, inputs, targets)"),
        ("my_networks:fails", "the function fails: KeyError: 'no such file'"),
        ("my_networks:Residual", "returns Residual: it must return (model, loss, inputs, targets)"),
    ],
)
def test_a_mistake_is_one_line(folder, capsys, name, line):
    assert main(["bench", "--network", name, "--json", "rows.json"]) == 1
    said = capsys.readouterr().err
    assert said.endswith(f"{line}\n")
    assert said.startswith("forwardgrad: ")
    assert name in said
    assert said.count("\n") == 1
    assert not (folder / "rows.json").exists()


MODEL, LOSS, INPUTS, TARGETS = nn.Linear(4, 3), nn.CrossEntropyLoss(), torch.rand(8, 4), torch.arange(8) % 3
FROZEN = nn.Linear(4, 3).requires_grad_(False)


@pytest.mark.parametrize(
    ("made", "line"),
    [
        ((MODEL, LOSS, INPUTS), "own returns 3 values: it must return (model, loss, inputs, targets)"),
        ((LOSS.forward, LOSS, INPUTS, TARGETS), "own returns method as its model: it must return"),
        ((MODEL, 1.0, INPUTS, TARGETS), "own returns float as its loss: it must return"),
        (
            (MODEL, LOSS, [1.0], TARGETS),
            "own returns list as its inputs: a tensor, a tuple or a dict of tensors is needed",
        ),
        ((MODEL, LOSS, (), TARGETS), "own returns tuple as its inputs: a tensor, a tuple or a dict"),
        (
            (FROZEN, LOSS, INPUTS, TARGETS),
            "own returns a model without trainable parameters: one must have requires_grad",
        ),
        (
            (nn.Linear(4, 3, device="meta"), LOSS, INPUTS, TARGETS),
            "own returns a model that does not lie on cpu: put it there, or",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_before_any_work(made, line):
    with pytest.raises(RefusalError) as refusal:
        bench_network(lambda: made, name="own", seconds=0.01)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("loss", "line"),
    [
        (
            nn.CrossEntropyLoss(reduction="none"),
            "own: its loss is a tensor of shape (8,): one number is needed, such as",
        ),
        (lambda outputs, targets: 1.0, "own: its loss is float: one number is needed"),
        (lambda outputs, targets: torch.tensor(1.0), "own: its loss depends on no parameter"),
        (lambda outputs, targets: outputs @ targets, "own: its loss cannot be computed: RuntimeError: "),
    ],
)
def test_a_loss_that_is_not_one_number_is_refused(loss, line):
    with pytest.raises(RefusalError) as refusal:
        bench_network(lambda: (nn.Linear(4, 3), loss, INPUTS, TARGETS), name="own", seconds=0.01)
    assert str(refusal.value).startswith(line)
    assert "\n" not in str(refusal.value)


def test_from_python_the_rows_are_returned_and_have_the_functions_name():
    def tiny():
        return nn.Linear(4, 3), LOSS, INPUTS, TARGETS

    lines = []
    rows = bench_network(tiny, ["forward_rank_one", "backprop_checkpoint"], seconds=0.01, report=lines.append)
    assert [(row["method"], row["model"]) for row in rows] == [
        (method, "tiny") for method in ("evaluation", "backprop", "forward_rank_one", "backprop_checkpoint")
    ]
    assert rows[-1]["note"] == "Linear has no blocks to checkpoint: no nn.Sequential or nn.ModuleList of layers"
    assert len(lines) == 4
