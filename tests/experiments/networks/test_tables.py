import pandas as pd
import pytest

from forwardgrad.experiments.networks.tables import COLUMNS, per_network

from .conftest import BYTES, METHODS, SECONDS, SIZES


def test_time_and_memory_of_a_method_stand_in_one_row(results):
    table = per_network(results, **SIZES)
    assert list(table.columns) == list(COLUMNS)
    assert list(table["model"].unique()) == list(SECONDS)
    order = ["evaluation", "backprop", "torchzero", "forward_rank_one", "activity", "backprop_checkpoint"]
    assert list(table["method"]) == 2 * order
    assert table["note"].isna().all()
    for row in table.itertuples():
        time, memory = METHODS[row.method]
        assert (row.ratio_to_backprop, row.peak_ratio) == (time, memory)
        assert row.seconds == pytest.approx(time * SECONDS[row.model])
        assert row.peak_bytes == memory * BYTES[row.model]


def test_at_one_batch_size_they_come_from_the_same_row(frame, store):
    timed, memory = (frame[frame["batch_size"] == size].reset_index(drop=True) for size in (4, 8))
    apart = per_network(store({"frames/networks": frame}), **SIZES)
    together = per_network(store({"frames/networks": timed.assign(peak_bytes=memory["peak_bytes"])}), 4, 4)
    pd.testing.assert_frame_equal(apart, together, check_dtype=False)


def test_what_could_not_be_measured_is_empty_and_says_why(frame, store):
    absent = (frame["method"] == "torchzero") & (frame["model"] == "gpt")
    frame.loc[absent, ["seconds", "ratio_to_backprop", "peak_bytes"]] = None
    frame.loc[absent, "note"] = ["no rule of forward mode", "its process died"]
    table = per_network(store({"frames/networks": frame}), **SIZES).set_index(["model", "method"])
    assert table.loc[("gpt", "torchzero"), ["seconds", "peak_ratio"]].isna().all()
    assert table.loc[("gpt", "torchzero"), "note"] == "no rule of forward mode"
    assert table["note"].notna().sum() == 1
