import pytest

from forwardgrad.data.files import DataUnavailable, File, digest, packaged_file, verify


def test_digest_names_its_algorithm():
    assert digest(b"abc", "md5") == "md5:900150983cd24fb0d6963f7d28e17f72"


def test_wrong_content_is_refused_by_name():
    file = File("X/raw/x.gz", digest(b"right", "md5"))
    assert verify(b"right", file, "here") == b"right"
    with pytest.raises(DataUnavailable) as refusal:
        verify(b"wrong", file, "/data/X/raw/x.gz")
    for part in ("/data/X/raw/x.gz is refused", digest(b"wrong", "md5"), file.checksum, "replace it", "remove it"):
        assert part in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("package", "path"), [("no_such_package", "x.csv"), ("numpy", "no/such/file.csv")])
def test_missing_package_or_file_is_named(package, path):
    with pytest.raises(DataUnavailable, match=f"{path} of the package {package} is not installed"):
        packaged_file(package, path)
