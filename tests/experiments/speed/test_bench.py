"""The benchmark's loop, and the command."""

import json
import subprocess
import sys

import pytest
import torch

from forwardgrad import catalogue
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed import bench as loop
from forwardgrad.experiments.speed.bench import describe
from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.pipeline.cli import main

HEAVY = ("pandas", "matplotlib", "sklearn", "snakemake", "jsonschema", "scipy", "torchvision")


def test_the_catalogue_knows_what_can_be_measured():
    assert set(catalogue.BASELINES) == set(baselines.BASELINES)
    assert set(catalogue.MEASURED) == set(baselines.BASELINES) | set(ESTIMATORS)
    assert set(catalogue.PLAIN) < set(catalogue.MEASURED)


def test_the_benchmark_goes_through_networks_and_batch_sizes(monkeypatch):
    asked, told = [], []

    def measure(workload, *arguments):
        asked.append((workload.name, workload.device, workload.case().size, *arguments))
        return [{"name": workload.name, "method": "spsa"}]

    monkeypatch.setattr(loop, "measure_network", measure)
    monkeypatch.setattr(loop, "describe", lambda name, row, rows: f"{name} {len(rows)}")
    settings = {"threads": 2, "seconds": 3.0, "rounds": 4, "parts": True, "count": True}
    rows = loop.bench(["lr", "mlp_depth_10"], [1, 64], ["forward_rank_one"], report=told.append, **settings)
    rest = (["forward_rank_one"], 2, 3.0, 4, True, True)
    assert asked == [(name, "cpu", size, *rest) for name in ("lr", "mlp_depth_10") for size in (1, 64)]
    assert told == ["lr 1", "lr 1", "mlp_depth_10 1", "mlp_depth_10 1"]
    assert [(row["name"], row["peak_bytes"]) for row in rows] == [("lr", None)] * 2 + [("mlp_depth_10", None)] * 2


def test_memory_is_measured_before_anything_is_computed(monkeypatch):
    done = []

    def peaks(workload, *asked):
        done.append((workload.name, workload.case().size, *asked))
        return {"spsa": 1000 * workload.case().size, "backprop": "too large"}

    monkeypatch.setattr(loop, "peaks", peaks)
    monkeypatch.setattr(loop, "describe", lambda name, row, rows: name)
    rows = [{"method": method, "note": None} for method in ("spsa", "gathering", "backprop")]
    monkeypatch.setattr(loop, "measure_network", lambda *asked: done.append("computed") or [dict(row) for row in rows])
    found = loop.bench(["lr"], [1, 64], ["spsa", "gathering"], memory=True, report=done.append)
    methods = ["evaluation", "backprop", "spsa"]
    assert done[:3] == [("lr", 1, methods, 1), ("lr", 64, methods, 1), "computed"]
    assert [(row["method"], row.get("peak_bytes"), row["note"]) for row in found] == [
        ("spsa", 1000, None), ("gathering", None, None), ("backprop", None, "too large"),
        ("spsa", 64_000, None), ("gathering", None, None), ("backprop", None, "too large"),
    ]  # fmt: skip


def test_a_row_in_words():
    common = {"batch_size": 64, "peak_bytes": None, "note": None}
    seconds = {"evaluation": 1e-4, "backprop": 3e-4, "jvp": 6e-4, "activity": None}
    rows = [common | {"method": method, "seconds": value} for method, value in seconds.items()]
    rows[2]["peak_bytes"], rows[3]["note"] = 3 * 2**19, "too hot"
    line = " ".join(describe("lr", rows[2], rows).split())
    assert line == "lr batch 64 jvp 600.0 us R 6.00 /backprop 2.000 peak 1.5 MiB"
    assert "peak" not in describe("lr", rows[1], rows)
    assert describe("lr", rows[3], rows).endswith("not timed: too hot")
    assert describe("lr", rows[3] | {"peak_bytes": 2**20}, rows).endswith("not timed: too hot  peak 1.0 MiB")


# The command.


def command(*arguments, json="rows.json"):
    return main(["bench", *arguments, "--json", str(json)])


MODELS, METHODS = ", ".join([*catalogue.MODELS, *catalogue.ARCHITECTURES]), ", ".join(catalogue.MEASURED)
NETWORKS = f"allowed is one of {MODELS}, or mlp_depth_N, mlp_width_N, cnn_width_N"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--networks", "lrr"], f"argument --networks: 'lrr': {NETWORKS}"),
        (["--networks", "mlp,cnn_depth_3"], f"argument --networks: 'cnn_depth_3': {NETWORKS}"),
        (["--networks", "mlp_width_0"], f"argument --networks: 'mlp_width_0': {NETWORKS}"),
        (["--networks", "lr_width_8"], f"argument --networks: 'lr_width_8': {NETWORKS}"),
        (["--networks", "lr", "--methods", "jvp,bp"], f"argument --methods: 'bp': allowed is one of {METHODS}"),
        (["--networks", "lr", "--methods", "jvp+adam"], f"argument --methods: 'jvp+adam': allowed is one of {METHODS}"),
        (["--networks", "lr", "--batch-size", "64,0"], "argument --batch-size: '0': allowed is a whole number above 0"),
        (["--networks", "lr", "--threads", "1.5"], "argument --threads: '1.5': allowed is a whole number above 0"),
        (["--networks", "lr", "--rounds", "0"], "argument --rounds: '0': allowed is a whole number above 0"),
        (["--networks", "lr", "--seconds", "0"], "argument --seconds: '0': allowed is a number of seconds above 0"),
        (["--networks", "lr", "--device", "tpu"], "argument --device: invalid choice: 'tpu' (choose from 'cpu', "),
        ([], "one of the arguments --networks --network is required"),
        (["--network", "nets"], "argument --network: 'nets': allowed is MODULE:FUNCTION, such as my_networks:make"),
        (["--network", "nets:a.b"], "argument --network: 'nets:a.b': allowed is MODULE:FUNCTION"),
        (["--network", "a:b", "--networks", "lr"], "argument --networks: not allowed with argument --network"),
        (["--network", "a:b", "--batch-size", "2"], "argument --batch-size: not with --network, whose function makes"),
    ],
)
def test_a_wrong_argument_is_one_line_before_any_work(arguments, line, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "measure_all", None)
    with pytest.raises(SystemExit) as end:
        command(*arguments, json=tmp_path / "rows.json")
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith(f"forwardgrad bench: {line}")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_cuda_where_there_is_none_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as end:
        command("--networks", "lr", "--device", "cuda", json=tmp_path / "rows.json")
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "forwardgrad bench: argument --device: cuda: torch finds no CUDA device on this machine, use --device cpu\n"
    )


def test_a_folder_that_cannot_be_made_is_one_line(capsys, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        command("--networks", "lr", json=tmp_path / "file/rows.json")
    assert end.value.code == 2
    assert "its folder cannot be made" in capsys.readouterr().err


def test_the_command_writes_rows_and_what_made_them(capsys, tmp_path):
    arguments = ["--networks", "students_lr", "--batch-size", "2,4", "--methods", "forward_rank_one,backprop+adam"]
    arguments += ["--seconds", "0.01", "--rounds", "3", "--parts"]
    record = tmp_path / "new/record.json"
    assert command(*arguments, "--record", str(record), json=tmp_path / "rows.json") == 0
    found = json.loads((tmp_path / "rows.json").read_text())
    assert [row["batch_size"] for row in found] == [2] * 4 + [4] * 4
    assert all(set(row) == set(BENCH) for row in found)
    assert {row["method"]: row["update"] is None for row in found} == {
        "evaluation": True, "backprop": False, "forward_rank_one": False, "backprop+adam": False,
    }  # fmt: skip
    made = json.loads(record.read_text())
    assert (made["device"], made["threads"], made["versions"]["torch"]) == ("cpu", 1, torch.__version__)
    assert capsys.readouterr().out.count("\n") == 8
    assert not list(tmp_path.rglob("*.partial"))


def test_the_benchmark_needs_torch_and_numpy_alone():
    blocked = f"import sys; sys.modules.update(dict.fromkeys({HEAVY}))"
    modules = "from forwardgrad.experiments.speed import bench, measure, peaks; from forwardgrad.pipeline import cli"
    code = f"{blocked}; {modules}; print(measure.PLAIN[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "evaluation\n", done.stderr
