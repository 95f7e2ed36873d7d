"""README and ARTIFACT.md state what the published reference holds, and nothing else."""

from pathlib import Path

import pandas as pd
import pytest

from forwardgrad.pipeline.cli import main
from forwardgrad.reference import readme

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def blocks():
    return readme.write_blocks(ROOT / "results/reference", ROOT / "report/templates")


@pytest.mark.parametrize("file", readme.BLOCKS)
def test_results_in_texts_are_those_of_the_reference(blocks, file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert readme.rewrite(text, blocks[file]) == text, f"{file} is not the reference's: run `snakemake reference`"


def test_costs_are_those_of_the_papers_networks():
    row = {"batch_size": 64, "device": "cpu", "method": "jvp", "ratio_to_backprop": 0.0}
    networks = [("lr", None, 3.0), ("mlp", 10, 9.0), ("mlp", 2, 2.0), ("cnn", None, 1.0)]
    speed = pd.DataFrame([row | {"model": m, "depth": d, "ratio_to_backprop": r} for m, d, r in networks])
    assert readme.costs(speed, "jvp") == [3.0, 2.0, 1.0]


def test_a_block_is_replaced_between_its_marks_alone():
    begin = "<!-- result: from results/reference by `snakemake reference`, not by hand -->\n"
    end = "<!-- end of result -->\n"
    assert readme.rewrite(f"a\n{begin}old\n{end}b\n", {"result": "new\n"}) == f"a\n{begin}new\n{end}b\n"
    with pytest.raises(ValueError, match="lacks the marks of the block 'other'"):
        readme.rewrite(f"a\n{begin}{end}", {"other": ""})


def test_a_run_without_the_papers_networks_is_not_published(tmp_path, capsys):
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/speed.csv").write_text("model\nmlp\n")
    status = main(["publish", "--results", str(tmp_path), "--reference", str(tmp_path / "reference")])
    assert status == 1
    assert capsys.readouterr().err.startswith(f"forwardgrad: {tmp_path}/frames/speed.csv has no steps of lr, cnn: ")
    assert not (tmp_path / "reference").exists()
