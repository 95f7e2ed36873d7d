import subprocess

import numpy as np

from forwardgrad.machine import provenance


def test_versions_of_what_is_installed():
    found = provenance.versions(("numpy", "no-such-package"))
    assert found["numpy"] == np.__version__
    assert set(found) == {"python", "numpy"}


def test_the_processor_is_named_as_linux_names_it(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: A Fine CPU @ 2 GHz\n")
    assert provenance.cpu_name(tmp_path / "cpuinfo") == "A Fine CPU @ 2 GHz"
    assert provenance.cpu_name(tmp_path / "nowhere")
    assert provenance.host()["cores"] >= 1


def test_the_commit_and_whether_files_differ(tmp_path):
    def git(*arguments):
        subprocess.run(["git", "-C", tmp_path, *arguments], check=True, capture_output=True)

    assert provenance.commit(tmp_path) is None
    git("init")
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-m", "One")
    clean = provenance.commit(tmp_path)
    assert len(clean) == 12
    (tmp_path / "file").write_text("b")
    assert provenance.commit(tmp_path) == f"{clean}-dirty"
