import json
import os

import pytest

from forwardgrad.files import SEAL, unsealed, write_atomically, write_csv, write_json, write_sealed


def no_room(*_):
    raise OSError("no room")


def test_writing_is_all_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, 1)
    assert path.read_bytes() == b"old"
    with path.open("rb") as reader:
        write_atomically(path, "größer")
        assert reader.read() == b"old"
    assert path.read_bytes() == "größer".encode()
    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(OSError, match="no room"):
        write_atomically(path, b"lost")
    assert path.read_bytes() == "größer".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_table_has_nine_digits_and_unix_lines(tmp_path):
    rows = [{"name": 'a,"b"', "value": 1 / 3}, {"name": None, "value": 7, "more": 0}]
    write_csv(tmp_path / "table.csv", ("name", "value"), rows)
    assert (tmp_path / "table.csv").read_bytes() == b'name,value\n"a,""b""",0.333333333\n,7\n'


def test_a_table_without_a_column_leaves_the_old_one(tmp_path):
    path = tmp_path / "table.csv"
    write_csv(path, ("x",), [{"x": 1}])
    with pytest.raises(KeyError):
        write_csv(path, ("x",), [{"x": 2}, {}])
    assert path.read_text() == "x\n1\n"


def test_json_ends_with_a_line_break_and_reads_back(tmp_path):
    write_json(tmp_path / "record.json", {"grad": "∇f", "x": [1.5, None]})
    text = (tmp_path / "record.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert "∇f" in text
    assert json.loads(text) == {"grad": "∇f", "x": [1.5, None]}


def test_a_sealed_record_tells_of_any_edit(tmp_path):
    record, file = tmp_path / "record.json", tmp_path / "rows.csv"
    write_sealed(record, {"grad": "∇f", "rate": 0.1, "seeds": (1, 2)}, {file: "x\n1\n"})
    written = json.loads(record.read_text(encoding="utf-8"))
    assert unsealed(record, written) is None
    assert unsealed(record, written | {"rate": 0.2}) == record
    assert unsealed(record, {"rate": 0.1}) == record
    assert unsealed(record, written | {SEAL: {record.name: written[SEAL][record.name]}}) == record
    file.write_text("x\n2\n")
    assert unsealed(record, written) == file
    file.unlink()
    assert unsealed(record, written) == file
