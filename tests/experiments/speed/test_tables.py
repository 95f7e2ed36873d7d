import itertools
import json
import math

import pytest

from forwardgrad.experiments.speed.columns import BENCH, FRAMES, NETWORK, PARTS, PROCESSES, RATIOS, SPEED, WALL
from forwardgrad.experiments.speed.tables import (
    BUSY,
    PAPER,
    checked,
    join,
    paper_rows,
    pool,
    ratios,
    read_processes,
    read_rows,
)
from forwardgrad.results.reading import ResultError, produced_by

from .conftest import ABSENT, COSTS, measured

REACH = math.exp(4.302653 * math.log(1.25) / math.sqrt(3))  # see below


def test_the_frames_have_the_documented_columns(frame, processes):
    assert list(frame.columns) == list(SPEED)
    assert len(frame) == 6 * (len(COSTS) + 2)
    assert set(PROCESSES) < set(processes.columns)


def row_of(frame, method, model="cnn"):
    (row,) = frame[(frame["method"] == method) & (frame["model"] == model) & (frame["batch_size"] == 64)].itertuples()
    return row


def test_a_ratio_is_the_geometric_mean_of_the_processes_with_students_interval(frame):
    row = row_of(frame, "jvp")
    # Logarithms -a, 0, a have the standard error a / sqrt 3; t is 4.3027 for two degrees of freedom.
    assert (row.ratio_to_evaluation, row.ratio_to_backprop) == pytest.approx((6, 2))
    assert (row.low, row.high) == pytest.approx((2 / REACH, 2 * REACH))
    assert (row.R_low, row.R_high) == pytest.approx((6 / REACH, 6 * REACH))
    assert (row.by_hand_low, row.by_hand_high) == pytest.approx((2.5 / REACH, 2.5 * REACH))
    assert (row.seconds, row.seconds_low, row.seconds_high) == pytest.approx((6e-3, 6e-3 / REACH, 6e-3 * REACH))
    assert row.processes == 3


def test_stock_is_the_faster_of_the_frameworks_two_forward_modes_on_each_network(write):
    networks = {("mlp", 2): 0.5, ("cnn", None): 2.0}
    paths = []
    for (network, factor), process in itertools.product(networks.items(), range(3)):
        rows = measured(*network, process=process)
        (jvp,) = [row for row in rows if row["method"] == "jvp"]
        paths.append(
            write([*rows, jvp | {"method": "forward_ad", "seconds": factor * jvp["seconds"]}], process, network[0])
        )
    pooled = pool(read_processes(paths))
    for (model, _), factor in networks.items():
        stock, jvp, forward_ad = (row_of(pooled, method, model) for method in ("stock", "jvp", "forward_ad"))
        faster = forward_ad if factor < 1 else jvp
        assert stock.seconds == faster.seconds
        assert (stock.ratio_to_backprop, stock.low, stock.high) == (faster.ratio_to_backprop, faster.low, faster.high)


def test_fewer_than_three_processes_have_no_interval(processes):
    row = row_of(pool(processes[processes["process"] < 2]), "jvp")
    assert row.processes == 2
    assert math.isnan(row.low)
    assert math.isnan(row.R_high)
    assert math.isnan(row.seconds_low)
    assert row.ratio_to_backprop == pytest.approx(2 * math.sqrt(0.8))


def test_what_ratios_are_taken_to_has_no_uncertainty(frame):
    row = row_of(frame, "backprop")
    assert (row.low, row.ratio_to_backprop, row.high) == (1, 1, 1)


def test_ratios_and_seconds_tell_the_same(frame):
    """A geometric mean of ratios is the ratio of geometric means."""
    base = frame[frame["method"] == "backprop"].set_index([*NETWORK])["seconds"].rename("base")
    timed = frame[frame["seconds"].notna()].join(base, on=[*NETWORK])
    assert timed["ratio_to_backprop"].tolist() == pytest.approx((timed["seconds"] / timed["base"]).tolist())


def test_what_cannot_be_measured_has_its_reason(frame):
    absent = row_of(frame, ABSENT)
    assert (absent.note, absent.processes) == ("it waits for the host: use the CPU", 0)
    assert math.isnan(absent.ratio_to_backprop)
    assert absent.flop_floor == 4
    assert frame["note"].isna().tolist() == frame["seconds"].notna().tolist()


def test_what_one_process_measures_stands_for_all(frame):
    (deep,) = frame[(frame["depth"] == 50) & (frame["method"] == "backprop")].itertuples()
    assert deep.peak_bytes == 150 * 2**20


def test_parts_add_up_to_the_pooled_seconds_and_disturbances_are_means(frame):
    row = row_of(frame, "jvp")
    assert [getattr(row, part) for part in PARTS] == pytest.approx([1.5e-3, 3e-3, math.nan, 1.5e-3], nan_ok=True)
    assert (row.switches_per_second, row.steal) == pytest.approx((2, 0.1))
    timed = frame[frame["seconds"].notna()]
    assert timed[[*PARTS]].sum(axis=1).tolist() == pytest.approx(timed["seconds"].tolist())


@pytest.fixture
def wall(write):
    """A function that writes wall times of the MLP in two processes: of the second `method` takes `factor` as long."""

    def wall(method, factor):
        paths = []
        for process in range(2):
            rows = measured("mlp", 2, threads=2, process=1)
            for row in rows:
                if row["method"] == method and process:
                    row["seconds"] *= factor
            paths.append(write(rows, process, "threads-2"))
        return paths

    return wall


@pytest.mark.parametrize("factor", [1.09, 1 / 1.09])
def test_wall_times_that_agree_are_shown_with_their_mean(wall, factor):
    rows = checked(read_processes(wall("jvp", factor))).set_index("method")
    assert list(rows.reset_index()[list(WALL)]) == list(WALL)
    assert set(rows.index) == set(COSTS)
    jvp = rows.loc["jvp"]
    assert (jvp["seconds"], jvp["disagreement"]) == pytest.approx((6e-3 * math.sqrt(factor), 1.09))
    assert jvp["ratio_to_backprop"] == pytest.approx(2 * math.sqrt(factor))
    assert rows["note"].isna().all()


@pytest.mark.parametrize("factor", [1.11, 1 / 1.11])
def test_wall_times_that_disagree_by_more_than_a_tenth_are_not_measured(wall, factor):
    rows = checked(read_processes(wall("jvp", factor))).set_index("method")
    assert rows.loc["jvp", ["seconds", "ratio_to_backprop"]].isna().all()
    assert (rows.loc["jvp", "note"], rows.loc["jvp", "disagreement"]) == (BUSY, pytest.approx(1.11))
    others = rows.drop(index="jvp")
    assert others["note"].isna().all()
    assert others["ratio_to_backprop"].tolist() == pytest.approx([COSTS[method] / 3 for method in others.index])


def test_without_a_wall_time_of_backpropagation_there_is_no_ratio(wall):
    rows = checked(read_processes(wall("backprop", 2))).set_index("method")
    assert rows["ratio_to_backprop"].isna().all()
    assert rows["seconds"].notna().sum() == len(COSTS) - 1


def test_wall_times_are_kept_apart_from_processor_times(written, wall):
    frames, made = join([*written, *wall("jvp", 2)])
    assert list(frames) == list(FRAMES)
    for suffix, columns in FRAMES.items():
        assert list(frames[suffix]) == list(columns)
    assert frames[""].equals(pool(read_processes(written)))
    assert len(frames["-processes"]) == 3 * 6 * (len(COSTS) + 1)
    assert set(frames["-wall"]["threads"]) == {2}
    assert made == [
        {"versions": {"torch": "2.13.0"}, "host": {}, "device": "cpu", "threads": 1, "commit": "", "runs": 20}
    ]


def test_without_wall_times_their_frame_is_empty(written):
    frames, _ = join(written)
    assert list(frames["-wall"]) == list(WALL)
    assert len(frames["-wall"]) == 0


def test_r_of_every_method_stands_beside_that_of_backpropagation(frame, store):
    table = ratios(store({"frames/speed": frame}))
    assert list(table.columns) == list(RATIOS)
    ours = table[(table["source"] == "measured") & (table["method"] == "forward_rank_one")]
    assert ours["R"].tolist() == pytest.approx([1.5] * 6)
    assert ours["R_backprop"].tolist() == pytest.approx([3.0] * 6)
    assert ours["ratio"].tolist() == pytest.approx([0.5] * 6)
    assert (ours["R"] / ours["R_backprop"]).tolist() == pytest.approx(ours["ratio"].tolist())
    assert ABSENT not in set(table["method"])


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


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "is not JSON"),
        ("[]", "has no rows"),
        ('[{"model": "lr"}]', f"has a row without or beyond the keys {', '.join(BENCH)}"),
        (json.dumps([dict.fromkeys(BENCH) | {"method": "jvp"}]), "has neither a time nor a reason for jvp"),
    ],
)
def test_a_broken_file_is_named_with_what_makes_it_again(tmp_path, content, fault):
    path = tmp_path / "rows.json"
    path.write_text(content)
    with pytest.raises(ResultError) as error:
        read_rows(path)
    assert str(error.value).startswith(f"{path} {fault}")
    assert str(error.value).endswith(f"to make it again, delete {path} and run the same command")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ResultError, match="is missing"):
        read_processes([tmp_path / "process-0.json"])


def test_machines_are_counted():
    made = produced_by([{"device": "cpu"}, {"device": "cuda"}, {"device": "cpu"}])
    assert [(each["device"], each["runs"]) for each in made] == [("cpu", 2), ("cuda", 1)]
