import json
import math

import pytest
import torch

from forwardgrad.core.models import deep
from forwardgrad.experiments.speed.columns import BENCH, PROCESSES, RATIOS, SPEED
from forwardgrad.experiments.speed.tables import (
    PAPER,
    paper_rows,
    parameter_bytes,
    pool,
    ratios,
    read_processes,
    read_rows,
)
from forwardgrad.results.reading import ResultError, produced_by


def test_the_frames_have_the_documented_columns(frame, processes):
    assert list(frame.columns) == list(SPEED)
    assert len(frame) == 6 * 7
    assert set(PROCESSES) < set(processes.columns)


def row_of(frame, method, model="cnn"):
    (row,) = frame[(frame["method"] == method) & (frame["model"] == model) & (frame["batch_size"] == 64)].itertuples()
    return row


def test_a_ratio_is_the_geometric_mean_of_the_processes_with_students_interval(frame):
    row = row_of(frame, "jvp")
    # Logarithms -a, 0, a have the standard error a / sqrt 3; t is 4.3027 for two degrees of freedom.
    reach = math.exp(4.302653 * math.log(1.25) / math.sqrt(3))
    assert (row.ratio_to_evaluation, row.ratio_to_backprop) == pytest.approx((6, 2))
    assert (row.low, row.high) == pytest.approx((2 / reach, 2 * reach))
    assert (row.R_low, row.R_high) == pytest.approx((6 / reach, 6 * reach))
    assert (row.by_hand_low, row.by_hand_high) == pytest.approx((2.5 / reach, 2.5 * reach))
    assert (row.seconds, row.processes) == pytest.approx((6e-3, 3))


def test_the_interval_of_one_process_is_not_passed_on(processes):
    row = row_of(pool(processes[processes["process"] < 2]), "jvp")
    assert row.processes == 2
    assert math.isnan(row.low)
    assert math.isnan(row.R_high)
    assert row.ratio_to_backprop == pytest.approx(2 * math.sqrt(0.8))


def test_what_ratios_are_taken_to_has_no_uncertainty(frame):
    row = row_of(frame, "backprop")
    assert (row.low, row.ratio_to_backprop, row.high) == (1, 1, 1)


def test_what_one_process_measures_stands_for_all(frame):
    absent = row_of(frame, "backprop_compiled")
    assert (absent.note, absent.processes) == ("no compiler here: install g++", 0)
    assert math.isnan(absent.ratio_to_backprop)
    (deep,) = frame[(frame["depth"] == 50) & (frame["method"] == "backprop")].itertuples()
    assert deep.peak_bytes == 150 * 2**20


def test_r_of_every_method_stands_beside_that_of_backpropagation(frame, store):
    table = ratios(store({"frames/speed": frame}))
    assert list(table.columns) == list(RATIOS)
    ours = table[(table["source"] == "measured") & (table["method"] == "forward_rank_one")]
    assert ours["R"].tolist() == pytest.approx([1.5] * 6)
    assert ours["R_backprop"].tolist() == pytest.approx([3.0] * 6)
    assert ours["ratio"].tolist() == pytest.approx([0.5] * 6)
    assert (ours["R"] / ours["R_backprop"]).tolist() == pytest.approx(ours["ratio"].tolist())
    assert "backprop_compiled" not in set(table["method"])


def test_a_network_without_depth_finds_its_backpropagation(frame, store):
    table = ratios(store({"frames/speed": frame[frame["model"] == "cnn"]}))
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
        read_processes([tmp_path / "process-0.json"])


def test_machines_are_counted():
    made = produced_by([{"device": "cpu"}, {"device": "cuda"}, {"device": "cpu"}])
    assert [(each["device"], each["runs"]) for each in made] == [("cpu", 2), ("cuda", 1)]
