import json
import subprocess
import sys

import pytest

from forwardgrad.pipeline.cli import TRACEBACK, main, unexpected

RECORD = {"dataset": "penguins", "available": False, "reason": "lost", "remedy": "look again"}


def test_preparing_what_is_not_there_is_one_line(tmp_path, capsys):
    (tmp_path / "penguins.json").write_text(json.dumps(RECORD))
    arguments = ["data", "prepare", "penguins", "--record", f"{tmp_path}/penguins.json", "--seeds", "1"]
    assert main([*arguments, "--output", f"{tmp_path}/penguins.npz"]) == 1
    assert capsys.readouterr().err == "forwardgrad: penguins is not available: lost; look again\n"


def test_retry_has_nothing_to_do_where_nothing_is_missing(tmp_path, capsys):
    assert main(["data", "--retry", "--results", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "no data set is recorded as unavailable\n"


def test_data_alone_asks_what_to_do(capsys):
    with pytest.raises(SystemExit):
        main(["data"])
    assert "give --retry, locate or prepare" in capsys.readouterr().err


def test_a_run_imports_nothing_heavy_before_it_has_asked_the_server():
    code = "import sys; from forwardgrad.pipeline import cli, client; cli.parser(); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "pandas", "dataclasses", "socketserver"} & set(modules)


def test_a_claim_without_its_frames_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["claim", "--claim", '{"id": "a"}', "--output", str(tmp_path / "a.json")])
    assert capsys.readouterr().err.splitlines() == [
        "forwardgrad claim: argument --claim: no 'claim'; ask by target: snakemake results/claims/ID.json"
    ]


def test_what_nobody_foresaw_is_one_line_and_all_of_it_on_request(capsys, monkeypatch, tmp_path):
    (tmp_path / "students-runs.csv").write_text("a,b\n1,x\n")
    monkeypatch.delenv(TRACEBACK, raising=False)
    arguments = ["invariants", str(tmp_path / "students-runs.csv"), "--output", str(tmp_path / "out.csv")]
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("forwardgrad: KeyError: ")
    assert line.endswith(f"run it with {TRACEBACK}=1 to see more")
    monkeypatch.setenv(TRACEBACK, "1")
    with pytest.raises(KeyError):
        main(arguments)


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")]
)
def test_where_memory_is_short_that_is_said(error):
    assert unexpected(error).startswith("the memory is used up: free some")
