"""What figures are made from is published whole, and comes back as a run left it."""

import gzip
import json

import pandas as pd
import pytest

from forwardgrad.arguments import RefusalError
from forwardgrad.reference.frames import pack, unpack


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    for name in ("frames", "data", "tables"):
        (folder / name).mkdir(parents=True)
    pd.DataFrame({"method": ["backprop", None], "loss": [1 / 3, float("inf")]}).to_csv(
        folder / "frames/x.csv", index=False
    )
    (folder / "frames/x-provenance.json").write_text("[]")
    (folder / "data/penguins.json").write_text(json.dumps({"dataset": "penguins"}))
    (folder / "data/penguins.npz").write_bytes(b"")
    (folder / "tables/audit.csv").write_text("key\n")
    return folder


def test_frames_and_records_come_back(results, tmp_path):
    pack(results, tmp_path / "reference")
    unpack(tmp_path / "reference", tmp_path / "again")
    before, after = (pd.read_csv(folder / "frames/x.csv") for folder in (results, tmp_path / "again"))
    pd.testing.assert_frame_equal(before, after, rtol=1e-8)
    for name in ("frames/x-provenance.json", "data/penguins.json", "tables/audit.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (results / name).read_bytes()
    assert not (tmp_path / "again/data/penguins.npz").exists()


def test_the_same_frames_give_the_same_bytes_and_old_ones_go(results, tmp_path):
    reference = tmp_path / "reference"
    (reference / "frames").mkdir(parents=True)
    (reference / "frames/old.csv.gz").write_bytes(gzip.compress(b""))
    pack(results, reference)
    first = {path.name: path.read_bytes() for path in reference.rglob("*.gz")}
    pack(results, reference)
    assert {path.name: path.read_bytes() for path in reference.rglob("*.gz")} == first
    assert list(first) == ["x.csv.gz"]


def test_a_reference_without_frames_is_refused(tmp_path):
    with pytest.raises(RefusalError, match="holds no frames: publish a run with `snakemake reference`"):
        unpack(tmp_path, tmp_path / "results")


def test_a_broken_frame_is_named(results, tmp_path):
    pack(results, tmp_path / "reference")
    path = tmp_path / "reference/frames/x.csv.gz"
    for content in (b"broken", path.read_bytes()[:-9]):
        path.write_bytes(content)
        with pytest.raises(RefusalError, match=r"x\.csv\.gz is broken \(.*\): take it from the repository again"):
            unpack(tmp_path / "reference", tmp_path / "again")
