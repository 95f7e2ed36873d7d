import json
import zipfile

import numpy as np
import pytest

from forwardgrad.catalogue import DATASETS
from forwardgrad.data import official, sets
from forwardgrad.data.files import DataUnavailable
from forwardgrad.data.locate import locate
from forwardgrad.data.prepare import generator, prepare
from forwardgrad.data.sets import mnist5k, penguins
from forwardgrad.data.splits import divide
from forwardgrad.pipeline.cli import main

SIZES = {"penguins": (250, 50, 84), "mnist5k": (3500, 500, 1000), "kmnist600": (500, 0, 100)}


def located(tmp_path, dataset, data_dir=None):
    record = tmp_path / "data" / f"{dataset}.json"
    locate(dataset, record, tmp_path / "data" / "raw", data_dir, online=False)
    return record


@pytest.mark.parametrize("dataset", SIZES)
def test_prepared_set(tmp_path, kmnist_folder, dataset):
    record = located(tmp_path, dataset, kmnist_folder)
    output = tmp_path / "set.npz"
    prepare(dataset, record, 2, output)
    first = output.read_bytes()
    prepare(dataset, record, 2, output)
    assert output.read_bytes() == first, "same bytes twice"
    assert {member.date_time for member in zipfile.ZipFile(output).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["set.npz"]

    arrays = dict(np.load(output))
    labels = arrays["labels"]
    assert arrays["inputs"].dtype == (np.float32 if dataset == "penguins" else np.uint8)
    assert (len(arrays["inputs"]), labels.dtype) == (len(labels), np.int64)
    provenance = json.loads(arrays["provenance"].item())
    entry = json.loads(record.read_text())
    assert provenance["sha256"] == {file["name"]: file["sha256"] for file in entry["files"]}
    assert provenance["licence"] == entry["licence"]

    for seed in (0, 1):
        parts = train, validation, test = [arrays[f"{name}-{seed}"] for name in ("train", "validation", "test")]
        assert tuple(map(len, parts)) == SIZES[dataset]
        for part in parts:
            assert part.dtype == np.int64
            assert np.all(np.diff(part) > 0)
            expected = np.bincount(labels) * len(part) / len(labels)
            assert np.abs(np.bincount(labels[part], minlength=len(expected)) - expected).max() <= 1
        assert not np.isin(test, train).any()
        assert not np.isin(test, validation).any()
        # Penguins: the validation part is 50 of the 250. Elsewhere nothing is in two parts.
        assert np.isin(validation, train).all() if dataset == "penguins" else not np.isin(validation, train).any()
        everything = train if dataset == "penguins" else np.concatenate([train, validation])
        assert len(everything) + len(test) == len(labels)
    assert np.array_equal(arrays["train-0"], arrays["train-1"]) == (dataset == "kmnist600")


def test_more_seeds_leave_the_first_ones_as_they_were(tmp_path):
    record = located(tmp_path, "mnist5k")
    prepare("mnist5k", record, 1, tmp_path / "one.npz")
    prepare("mnist5k", record, 3, tmp_path / "three.npz")
    one, three = np.load(tmp_path / "one.npz"), np.load(tmp_path / "three.npz")
    assert all(np.array_equal(one[name], three[name]) for name in one)


def test_same_bytes_however_the_file_was_found(tmp_path):
    rebuilt = located(tmp_path / "a", "penguins")
    folder = tmp_path / "a" / "data" / "raw"
    given = located(tmp_path / "b", "penguins", folder)
    assert json.loads(rebuilt.read_text())["files"] != json.loads(given.read_text())["files"]
    for record in (rebuilt, given):
        prepare("penguins", record, 1, record.with_suffix(".npz"))
    assert rebuilt.with_suffix(".npz").read_bytes() == given.with_suffix(".npz").read_bytes()


def test_official_split_keeps_the_official_test_part():
    labels = np.random.default_rng(0).integers(0, 10, 70_000)
    split = official.split(labels, generator("mnist", 0))
    assert np.array_equal(split.test, np.arange(60_000, 70_000))
    assert np.array_equal(np.sort(np.concatenate([split.train, split.validation])), np.arange(60_000))
    assert len(split.validation) == 5_000
    expected = np.bincount(labels[:60_000]) / 12
    assert np.abs(np.bincount(labels[split.validation]) - expected).max() <= 1


CLASSES = {"penguins": [146, 68, 120], "mnist5k": [500] * 10, "kmnist600": [60] * 10}


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_catalogue_knows_how_many_examples_there_are_for_training(dataset):
    """A step that takes the whole split is measured at that batch size."""
    sizes = CLASSES.get(dataset, [7000] * 10)
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    for seed in range(2):
        assert len(sets.find(dataset).split(labels, generator(dataset, seed)).train) == DATASETS[dataset].train


@pytest.mark.parametrize(("split", "sizes"), [(penguins.split, [146, 68, 120]), (mnist5k.split, [500] * 10)])
def test_seeds_differ_and_repeat(split, sizes):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    first, again, other = (split(labels, generator("x", seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_dividing_is_stratified_over_the_candidates():
    labels = np.array([0, 1] * 10)
    candidates = np.arange(4, 20)
    others, drawn = divide(candidates, labels, 4, np.random.RandomState(0))
    assert np.bincount(labels[drawn]).tolist() == [2, 2]
    assert np.isin(drawn, candidates).all()
    assert np.array_equal(np.sort(np.concatenate([others, drawn])), candidates)
    assert len(others) == 12


def test_unavailable_set_stops_with_one_line(tmp_path):
    record = located(tmp_path, "kmnist")
    with pytest.raises(DataUnavailable) as stop:
        prepare("kmnist", record, 1, tmp_path / "kmnist.npz")
    for part in ("kmnist is not available", "KMNIST/raw/train-images-idx3-ubyte.gz", "FORWARDGRAD_DATA"):
        assert part in str(stop.value)
    assert "\n" not in str(stop.value)
    assert not (tmp_path / "kmnist.npz").exists()


@pytest.mark.parametrize("seeds", ["0", "-1"])
def test_no_seeds_are_refused(tmp_path, seeds, capsys):
    files = ["--record", str(tmp_path / "set.json"), "--output", str(tmp_path / "set.npz")]
    with pytest.raises(SystemExit):
        main(["data", "prepare", "mnist5k", f"--seeds={seeds}", *files])
    assert f"argument --seeds: '{seeds}': allowed is a whole number above 0" in capsys.readouterr().err


def test_copy_that_changed_since_is_refused(tmp_path):
    record = located(tmp_path, "mnist5k")
    copy = tmp_path / "data/raw/mnist5k/raw/mnist_5k.csv.gz"
    copy.write_bytes(copy.read_bytes()[:-1])
    with pytest.raises(DataUnavailable, match=r"mnist_5k\.csv\.gz is refused: its checksum is sha256:"):
        prepare("mnist5k", record, 1, tmp_path / "set.npz")
    copy.unlink()
    with pytest.raises(DataUnavailable, match=r"mnist_5k\.csv\.gz is gone"):
        prepare("mnist5k", record, 1, tmp_path / "set.npz")
