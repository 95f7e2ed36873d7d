"""What a reference keeps, and in how many digits."""

import json

import pandas as pd

from forwardgrad.pipeline.cli import main
from forwardgrad.reference import publish, verify

VALUES = [1.0000000049, 1 / 3, 2 / 3 * 1e-7, 9.99999999949e12]  # the first is where rounding costs most


def test_tables_keep_nine_significant_digits(tmp_path):
    publish.write(tmp_path, {"runs": pd.DataFrame({"loss": VALUES})}, {})
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert lines == ["loss", "1", "0.333333333", "6.66666667e-08", "1e+13"]


def test_what_was_written_counts_as_the_same(tmp_path):
    keys = {"experiment": "e", "dataset": "d", "model": "m", "method": "backprop"}
    rows = [keys | {"seed": seed, "status": "completed", "steps": 9} for seed in range(len(VALUES))]
    runs = pd.DataFrame(rows).assign(train_loss=VALUES, test_loss=VALUES[::-1], test_accuracy=0.5)
    publish.write(tmp_path, {"runs": runs}, {})
    assert verify.compare({"runs": runs}, publish.load(tmp_path)[0], [])[0].verdict == "identical"


def test_tables_of_before_are_gone(tmp_path):
    publish.write(tmp_path, {"old": pd.DataFrame({"a": [1]})}, {})
    publish.write(tmp_path, {"new": pd.DataFrame({"a": [2]})}, {"data": {}})
    tables, record = publish.load(tmp_path)
    assert ({name: table["a"].tolist() for name, table in tables.items()}, record) == ({"new": [2]}, {"data": {}})


def test_a_second_run_that_is_not_there_is_refused_before_anything_is_written(tmp_path, capsys):
    (tmp_path / "results/frames").mkdir(parents=True)
    pd.DataFrame({"model": ["lr", "mlp", "cnn"]}).to_csv(tmp_path / "results/frames/speed.csv")
    folders = ["--results", str(tmp_path / "results"), "--reference", str(tmp_path / "reference")]
    assert main(["publish", "--again", str(tmp_path / "gone"), *folders]) == 1
    assert f"{tmp_path / 'gone'} holds no frames of `speed`" in capsys.readouterr().err
    assert not (tmp_path / "reference").exists()


def test_published_runs_of_other_experiments_stay(tmp_path):
    for name, loss in (("mnist", 1.0), ("frontier", 2.0), ("mnist", 3.0)):
        results = tmp_path / name
        (results / "frames").mkdir(parents=True, exist_ok=True)
        (results / "data").mkdir(exist_ok=True)
        row = dict.fromkeys(publish.CURVES, 0) | {"experiment": name, "dataset": "mnist", "train_loss": loss}
        for suffix in ("", "-runs", "-costs"):
            pd.DataFrame([row]).to_csv(results / f"frames/{name}{suffix}.csv", index=False)
        (results / f"frames/{name}-provenance.json").write_text(json.dumps([{"commit": f"{loss}"}]))
        located = {"dataset": "mnist", "available": True, "source": "official", "files": [{"name": "a", "sha256": "b"}]}
        (results / "data/mnist.json").write_text(json.dumps(located))
        publish.publish_full(results, tmp_path / "reference", name)
    tables, record = publish.load(tmp_path / "reference")
    assert {name: table["train_loss"].tolist() for name, table in tables.items() if "-" not in name} == {
        "mnist": [3.0],
        "frontier": [2.0],
    }
    assert record["experiments"] == {"mnist": [{"commit": "3.0"}], "frontier": [{"commit": "2.0"}]}
