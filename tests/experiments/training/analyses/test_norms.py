import numpy as np
import pandas as pd
import pytest

from forwardgrad.experiments.training.analyses.norms import NORMS, norms


def test_growth_by_hand(results, store_frames):
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0))
        results.run("forward_gaussian", seed, (2.0, 0.5 - seed / 10))
    results.run("forward_gaussian", 3, (2.0, 2e4), "diverged")
    frames = results.frames()
    for frame, last in ((frames.metrics, frames.metrics["step"] == 1), (frames.runs, frames.runs["steps"] == 1)):
        grown = last & (frame["method"] == "forward_gaussian")
        frame.loc[grown, "weight_norm"] = 1.5 + frame.loc[grown, "seed"] / 2
    table = norms(store_frames(frames), "students")
    assert list(table) == list(NORMS)
    backprop, forward = table.to_dict("records")
    assert (backprop["growth"], backprop["growth_low"], backprop["growth_high"]) == (1, 1, 1)
    # 1.5, 2 and 2.5 times the norm at the start; the diverged run has no part.
    assert forward["growth"] == pytest.approx(2)
    reach = 4.302653 * 0.5 / np.sqrt(3)  # Student's t for two degrees of freedom
    assert (forward["growth_low"], forward["growth_high"]) == pytest.approx((2 - reach, 2 + reach))
    assert forward["train_loss"] == pytest.approx(0.4)
    assert (forward["runs"], forward["diverged"], forward["steps"]) == (4, 1, 1)


def test_two_runs_have_no_interval(results, store_frames):
    for seed in range(2):
        results.run("backprop", seed)
    (row,) = norms(store_frames(results.frames()), "students").to_dict("records")
    assert np.isnan([row["growth_low"], row["train_loss_high"]]).all()
    assert not pd.isna(row["growth"])
