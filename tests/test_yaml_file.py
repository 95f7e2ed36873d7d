import pytest

from forwardgrad.arguments import RefusalError
from forwardgrad.yaml_file import read_mapping, read_yaml

BROKEN = {
    b"\xe9: 1": "is not text in UTF-8 (byte 0xe9 at position 0)",
    b"a: [1\nb: 2": "is not YAML as it is meant here",
    b"a:\n\t- 1": "is not YAML as it is meant here",
    b"a: 1\n---\nb: 1": "is not YAML as it is meant here",
    b"a: !!python/object/apply:os.getcwd []": "is not YAML as it is meant here",
    b"a: {b: 1, c: 2, b: 3}": "is not YAML as it is meant here (duplicate key 'b' in line 1)",
    b"? [a]\n: 1": "is not YAML as it is meant here",
}


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_broken_is_one_line_that_names_the_file(tmp_path, content):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(RefusalError) as error:
        read_yaml(path, "delete it")
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{path} {BROKEN[content]}")
    assert line.endswith(": delete it")


def test_what_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(RefusalError, match=rf"^{tmp_path} cannot be read \(Is a directory\): mend it$"):
        read_yaml(tmp_path)
    with pytest.raises(RefusalError, match=r"none.yaml cannot be read \(No such file or directory\): mend it$"):
        read_yaml(tmp_path / "none.yaml")


def test_a_mapping_is_asked_for(tmp_path):
    path = tmp_path / "x.yaml"
    for content in ("", "- 1", "text"):
        path.write_text(content)
        with pytest.raises(RefusalError, match=r"x\.yaml holds no mapping of keys to values: mend it"):
            read_mapping(path)
    path.write_text("a: &a {b: 1}\nc: {<<: *a, d: 2}\ne: {b: 1}")
    assert read_mapping(path) == {"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": {"b": 1}}
