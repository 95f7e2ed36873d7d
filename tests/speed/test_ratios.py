import json

import pytest
import torch

from forwardgrad.columns import BENCH, RATIOS
from forwardgrad.models import deep
from forwardgrad.ratios import (
    PAPER,
    paper_rows,
    parameter_bytes,
    produced_by,
    ratio_table,
    read_measurements,
    read_rows,
)
from forwardgrad.results import ResultError


def test_the_frame_has_the_documented_columns(frame):
    assert list(frame.columns) == list(BENCH)
    assert len(frame) == 6 * 7


def test_r_of_every_method_stands_beside_that_of_backpropagation(frame, quoted):
    table = ratio_table(frame, quoted)
    assert list(table.columns) == list(RATIOS)
    ours = table[(table["source"] == "measured") & (table["method"] == "forward_rank_one")]
    assert set(ours["R"]) == {1.5}
    assert set(ours["R_backprop"]) == {3.0}
    assert set(ours["ratio"]) == {0.5}
    assert "backprop_compiled" not in set(table["method"])


def test_a_network_without_depth_finds_its_backpropagation(frame, quoted):
    table = ratio_table(frame[frame["model"] == "cnn"], quoted)
    assert table.loc[table["source"] == "measured", "R_backprop"].notna().all()


def test_the_papers_numbers_come_with_their_certainty(quoted):
    rows = {(row["model"], row["depth"], row["method"]): row for row in paper_rows(quoted) if row["model"] != "cnn"}
    logistic = rows["lr", 0, "forward_gaussian"]
    assert (logistic["R"], logistic["R_backprop"], logistic["ratio"], logistic["certainty"]) == (
        2.435,
        4.389,
        0.555,
        "UNV",
    )
    slow = rows["mlp", 2, "forward_gaussian_low_rate"]
    assert (slow["R"], slow["R_backprop"], slow["ratio"], slow["certainty"]) == (2.329, 3.971, 0.586, "FIG")
    assert (rows["mlp", 1, "forward_gaussian"]["ratio"], rows["mlp", 100, "forward_gaussian"]["ratio"]) == (
        0.555,
        0.845,
    )
    assert {row["source"] for row in rows.values()} == {PAPER}


def test_the_papers_ratios_are_those_of_its_costs(quoted):
    for row in paper_rows(quoted):
        if row["R_backprop"]:
            assert row["R"] / row["R_backprop"] == pytest.approx(row["ratio"], abs=6e-4)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_size_of_the_parameters(depth):
    with torch.device("meta"):
        model = deep(depth)
    assert parameter_bytes(depth) == sum(part.numel() * part.element_size() for part in model.parameters())


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "is not JSON"),
        ("[]", "has no rows"),
        ('[{"model": "lr"}]', "has a row without or beyond the keys model, method, "),
        (json.dumps([dict.fromkeys(BENCH) | {"method": "jvp"}]), "has neither a time nor a reason, or both, for jvp"),
    ],
)
def test_a_broken_file_is_named_with_what_makes_it_again(tmp_path, content, fault):
    path = tmp_path / "rows.json"
    path.write_text(content)
    with pytest.raises(ResultError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path} {fault}")
    assert str(error.value).endswith(f"make it again with: snakemake -f {path}")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultError, match="is missing"):
        read_measurements([tmp_path / "rows.json"])


def test_machines_are_counted():
    assert produced_by([{"device": "cpu"}, {"device": "cuda"}, {"device": "cpu"}]) == [
        {"device": "cpu", "runs": 2},
        {"device": "cuda", "runs": 1},
    ]
