import logging
import sys
from types import SimpleNamespace

import pytest
from snakemake.common.configfile import load_configfile
from snakemake.exceptions import WorkflowError, format_exception_to_string
from snakemake_interface_logger_plugins.common import LogEvent

from forwardgrad.pipeline.terminal import configfiles, in_one_line
from snakemake_logger_plugin_forwardgrad import REMEDY, LogHandler

FAULT = "forwardgrad: a.csv is missing; to make it again, delete a.csv"


def handler(verbose=False):
    return LogHandler(SimpleNamespace(stdout=False, nocolor=True, verbose=verbose), None)


@pytest.fixture
def plain(monkeypatch):
    """A handler of a Snakemake that was started without options."""
    monkeypatch.setattr(sys, "argv", ["snakemake"])
    return handler()


def record(message, level=logging.ERROR, **more):
    return logging.makeLogRecord({"msg": message, "levelno": level, **more})


def failed(**more):
    details = {"rule_name": "frames", "output": ["out.csv"], "log": ["a.log"], "shellcmd": "forwardgrad frames"}
    return record("", event=LogEvent.JOB_ERROR, **details | more)


@pytest.mark.parametrize(
    ("arguments", "paths"),
    [
        ([], []),
        (["all", "--configfile", "a.yaml", "b.yaml", "--cores", "1"], ["a.yaml", "b.yaml"]),
        (["--config", "run=[a]", "--configfile", "a.yaml"], ["a.yaml"]),
        (["--configfiles=a.yaml", "-n", "--configfile", "b.yaml"], ["a.yaml", "b.yaml"]),
    ],
)
def test_the_configurations_on_the_command_line_are_found(arguments, paths):
    assert list(map(str, configfiles(arguments))) == paths


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"title: \xe9\n", "is not text in UTF-8 (byte 0xe9 at position 7)"),
        (b"", "holds no mapping of keys to values"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_one_line(tmp_path, monkeypatch, content, fault):
    path = tmp_path / "own.yaml"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(sys, "argv", ["snakemake", "--configfile", str(path)])
    with pytest.raises(SystemExit) as end:
        handler()
    assert end.value.code == f"{path} {fault}: {REMEDY}"


@pytest.mark.parametrize(
    ("log", "line"), [(f"a warning\n{FAULT}\n\n", FAULT[13:]), ("", "it was killed"), (None, "it was")]
)
def test_a_job_that_failed_is_one_line(plain, tmp_path, monkeypatch, log, line):
    monkeypatch.chdir(tmp_path)
    if log is not None:
        (tmp_path / "a.log").write_text(log)
    text = plain.format(failed())
    assert text.startswith(f"frames (out.csv) failed: {line}")
    assert text.endswith(" [a.log]")
    assert len(text.splitlines()) == 1
    assert plain.format(failed(output=[])).startswith("frames failed: ")


def test_what_the_line_of_a_job_says_is_not_said_again(plain):
    assert plain.format(record('RuleException:\nCalledProcessError in file "a.smk", line 1:\nCommand x')) == ""
    assert plain.format(record("Exiting because a job execution failed. Look above for error messages")) == ""


def test_a_traceback_is_its_last_line():
    with pytest.raises(FileNotFoundError) as error:
        load_configfile("nowhere.yaml")
    text = format_exception_to_string(error.value)
    assert len(text.splitlines()) > 5
    assert in_one_line(text) == "FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.yaml'"


def test_an_error_of_the_workflow_is_one_line(plain):
    text = format_exception_to_string(WorkflowError("one", "two"))
    assert len(text.splitlines()) > 1
    assert plain.format(record(text)) == "WorkflowError: one two"


def test_a_full_disk_is_told_with_what_to_do(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.log").write_text(f"forwardgrad: {OSError(28, 'No space left on device', 'a.csv')}\n")
    wanted = "[Errno 28] No space left on device: 'a.csv'; make room and run the same command again"
    assert plain.format(failed()) == f"frames (out.csv) failed: {wanted} [a.log]"
    text = format_exception_to_string(OSError(28, "No space left on device", "a.csv"))
    assert plain.format(record(text)) == f"OSError: {wanted}"


def test_what_is_no_error_is_left_as_it_is(plain):
    assert plain.format(record("Building DAG of jobs...", logging.INFO)) == "Building DAG of jobs..."


def test_all_is_shown_on_request(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["snakemake", "--verbose"])
    assert handler(verbose=True).format(record("one\ntwo")) == "one\ntwo"
