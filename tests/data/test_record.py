import json

import pytest

from forwardgrad.data.files import DataUnavailable
from forwardgrad.data.record import data_folder, folder_state, read_record, searched, unavailable
from forwardgrad.data.sets import kmnist, kmnist600

IMAGES, LABELS = (file.path for file in kmnist600.files())


@pytest.fixture
def record(tmp_path):
    """A function that writes a record and returns its path."""

    def write(**entries):
        path = tmp_path / "kmnist600.json"
        path.write_text(json.dumps(entries))
        return path

    return write


def test_an_unavailable_set_is_told_in_one_line():
    entry = {"dataset": "penguins", "available": False, "reason": "lost", "remedy": "search again"}
    assert str(unavailable(entry)) == "penguins is not available: lost; search again"


def test_the_environment_names_the_data_folder_first(monkeypatch):
    monkeypatch.delenv("FORWARDGRAD_DATA", raising=False)
    assert data_folder({"data_dir": None}) is None
    assert data_folder({"data_dir": "here"}) == "here"
    monkeypatch.setenv("FORWARDGRAD_DATA", "there")
    assert data_folder({"data_dir": "here"}) == "there"


@pytest.mark.parametrize("text", ["", '{"dataset": "kmn', "[]", "3", "{}"])
def test_a_damaged_record_is_named_and_counts_as_none(tmp_path, text):
    path = tmp_path / "kmnist600.json"
    path.write_text(text)
    with pytest.raises(DataUnavailable, match=r"kmnist600\.json is not the record of a data set; delete it"):
        read_record(path)
    assert searched("kmnist600", path, "") == []


def test_folder_state_changes_with_the_files_and_nothing_else(tmp_path, kmnist_folder, corrupt):
    assert folder_state("kmnist600", None) == folder_state("kmnist600", "") == []
    assert folder_state("kmnist600", tmp_path / "missing") == []
    full = folder_state("kmnist600", str(kmnist_folder))
    assert full == [f"{name} md5:{kmnist.MD5[name.rpartition('/')[2]]}" for name in (IMAGES, LABELS)]
    (kmnist_folder / IMAGES).touch()
    assert folder_state("kmnist600", kmnist_folder) == full
    corrupt(kmnist_folder / IMAGES)
    damaged = folder_state("kmnist600", kmnist_folder)
    assert damaged[0] != full[0]
    assert damaged[1] == full[1]
    (kmnist_folder / IMAGES).unlink()
    assert folder_state("kmnist600", kmnist_folder) == full[1:]
    assert folder_state("mnist5k", kmnist_folder) == []


def test_of_an_available_set_another_data_folder_changes_nothing(tmp_path, kmnist_folder, record):
    path = record(available=True, searched=["as it was"])
    for folder in ("", None, tmp_path / "missing", kmnist_folder):
        assert searched("kmnist600", path, folder) == ["as it was"]


def test_an_unavailable_set_is_searched_again_only_when_its_files_change(tmp_path, kmnist_folder, record):
    state = folder_state("kmnist600", kmnist_folder)
    assert len(state) == 2
    for path in (tmp_path / "no record yet.json", record(available=False, searched=["as it was"])):
        assert searched("kmnist600", path, "") == []
        assert searched("kmnist600", path, tmp_path / "missing") == []
        assert searched("kmnist600", path, kmnist_folder) == state


def test_a_record_without_the_state_is_searched_again(record, kmnist_folder):
    path = record(available=True)
    assert searched("kmnist600", path, kmnist_folder) == folder_state("kmnist600", kmnist_folder)
