"""A rerun beside the reference: what agrees, what differs, and which of it fails."""

import json

import pandas as pd
import pytest

from forwardgrad.experiments.training.frames import read_experiment, write_frames
from forwardgrad.pipeline.cli import main
from forwardgrad.reference import publish as reference
from forwardgrad.reference import verify
from forwardgrad.results.folder import Results
from forwardgrad.results.statistics import Interval


def runs(shift=0.0, status="completed", seeds=4, method="backprop"):
    """Four runs of one cell; `shift` is a relative change of their losses."""
    rows = [
        {
            "experiment": "e", "dataset": "penguins", "model": "lr", "method": method, "seed": seed, "status": status,
            "steps": 10, "train_loss": (1 + seed / 10) * (1 + shift), "test_loss": 1 + shift, "test_accuracy": 0.5,
        }
        for seed in range(seeds)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def only(ours, theirs, changed=(), table="runs"):
    return {check.part: check for check in verify.compare({table: ours}, {table: theirs}, list(changed))}


def test_the_same_runs_are_identical():
    checks = only(runs(), runs())
    assert (checks["e: by seed"].verdict, checks["e: by seed"].agree) == ("identical", 4)
    assert checks["e: means over seeds"].verdict == "agrees"
    assert not verify.failed(checks.values())


def test_a_difference_within_tolerance_agrees_and_is_named():
    check = only(runs(5e-4), runs())["e: by seed"]
    assert (check.verdict, check.agree) == ("agrees", 4)
    assert check.worst.startswith("e penguins lr backprop")


@pytest.mark.parametrize(
    ("shift", "verdict"), [(9e-9, "identical"), (1.1e-8, "agrees"), (9.9e-4, "agrees"), (1.01e-3, "differs")]
)
def test_limits_of_what_is_identical_and_of_what_agrees(shift, verdict):
    assert only(runs(shift), runs())["e: by seed"].verdict == verdict


@pytest.mark.parametrize("table", ["estimators", "curvature", "variance"])
@pytest.mark.parametrize(("shift", "verdict"), [(0, "identical"), (5e-4, "agrees"), (2e-3, "differs")])
def test_properties_of_estimators_are_compared_value_by_value(table, shift, verdict):
    columns = verify.NETWORK + verify.CURVED + verify.VARIED
    here, there = (pd.DataFrame([dict.fromkeys(columns, 1) | {"measured": value}]) for value in (2 + 2 * shift, 2))
    (check,) = only(here, there, table=table).values()
    assert (check.compared, check.verdict) == (1, verdict)


@pytest.mark.parametrize(
    ("low", "high", "shared"), [(0.0, 1.0, True), (1.0, 2.0, True), (2.0, 3.0, True), (2.1, 3.0, False)]
)
def test_intervals_that_touch_overlap(low, high, shared):
    one, other = Interval(1.5, 1.0, 2.0, 5), Interval((low + high) / 2, low, high, 5)
    assert verify.overlap(one, other) == verify.overlap(other, one) == shared


def test_other_losses_at_the_same_seed_fail_where_nothing_else_changed():
    check = only(runs(0.01), runs())["e: by seed"]
    assert (check.verdict, check.agree) == ("differs", 0)
    assert check.worst.endswith("1.0% off")


def test_on_another_machine_means_decide():
    changed = ["cpu A, reference B"]
    assert not verify.failed(only(runs(0.01), runs(), changed).values())
    checks = only(runs(3.0), runs(), changed)
    assert checks["e: means over seeds"].verdict == "differs"
    assert verify.failed(checks.values())


def test_a_run_that_ends_otherwise_differs():
    check = only(runs(status="diverged"), runs())["e: by seed"]
    assert check.verdict == "differs"
    assert check.worst.endswith("ends otherwise")
    assert only(runs(status="diverged"), runs())["e: means over seeds"].verdict == "differs"


def test_what_was_not_run_does_not_fail():
    checks = verify.compare({}, {"runs": runs(), "claims": pd.DataFrame()}, [])
    assert [check.verdict for check in checks] == ["not run", "not run"]
    assert only(runs().assign(model="other"), runs())["e: by seed"].verdict == "not run"
    assert not verify.failed(checks)


def test_missing_and_infinite_values_are_the_same_on_both_sides_only():
    ours, other = pd.Series([float("nan"), float("inf"), 0.0, 1.0]), pd.Series([float("nan"), float("inf"), 0.0, None])
    assert verify.relative_difference(ours, other).tolist() == [0.0, 0.0, 0.0, float("inf")]


def costs(ratio):
    """Costs of two methods, half the interval of the ratio 3 % of it."""
    cell = {"experiment": "e", "dataset": "d", "model": "m", "threads": 1}
    rows = [
        cell | {"method": method, "seconds_per_step": 2 * value, "ratio": value, "low": 2 * value, "high": 2 * value}
        | {"ratio_low": value / 1.03, "ratio_high": value * 1.03}
        for method, value in {"backprop": 1.0, "forward_rank_one": ratio}.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1, "agrees"), (1.042, "agrees"), (1.043, "differs"), (0.958, "differs")]
)
def test_costs_are_compared_as_ratios_to_the_width_of_both_intervals(factor, verdict):
    """Widths of 3 % and 3 % add to 4.27 %."""
    twice_as_slow = costs(0.5 * factor).assign(seconds_per_step=lambda rows: rows["seconds_per_step"] * 2)
    (check,) = only(twice_as_slow, costs(0.5), table="costs").values()
    assert check.verdict == verdict
    assert f"{0.5 * factor:.3f}, reference 0.500" in check.worst


def test_estimates_of_different_numbers_of_draws_are_not_mixed_up():
    rows = pd.DataFrame(
        {"estimator": "e", "network": "n", "quantity": "distance", "draws": [1, 4], "measured": [2.0, 1.0]}
    )
    (check,) = only(rows, rows, table="estimators").values()
    assert (check.compared, check.verdict) == (2, "identical")


def test_changed_verdicts_are_named():
    ours, theirs = (
        pd.DataFrame({"id": ["a", "b"], "part": "primary", "verdict": ["reproduced", last], "n": 5}).assign(
            measured=value, low=value - 0.1, high=value + 0.1
        )
        for last, value in (("inconclusive", 1.0), ("reproduced", 2.0))
    )
    (check,) = only(ours, theirs, table="claims").values()
    assert (check.verdict, check.agree, check.worst) == ("differs", 1, "b: inconclusive, reference reproduced")
    (older,) = only(ours, theirs.drop(columns="part"), table="claims").values()
    assert (older.compared, older.verdict) == (0, "not run")
    assert older.why.startswith("the reference is older than the ledger")


def test_circumstances_are_told():
    made = {"versions": {"torch": "1"}, "host": {"cpu": "A"}, "threads": 1}
    theirs = {"experiments": {"e": [made]}, "data": {"d": {"sha256": {"f": "0"}}, "gone": {"sha256": {}}}}
    other = made | {"versions": {"torch": "2"}, "threads": 2}
    ours = {"experiments": {"e": [other]}, "data": {"d": {"sha256": {"f": "1"}}}}
    assert verify.circumstances(theirs, theirs) == []
    assert verify.circumstances(ours, theirs) == [
        "torch 2, reference 1", "e on 2 threads, reference 1", "other files of d", "no gone",
    ]  # fmt: skip


def made(results):
    """Write what a run leaves behind: one experiment's frames, its provenance, its data."""
    for seed in range(3):
        results.run(seed=seed, losses=(1.0, 0.5))
    results.cost({"backprop": 1e-3, "forward_gaussian": 3e-3})
    frames, produced_by = read_experiment(results.runs, results.costs)
    folder = results.folder / "frames"
    folder.mkdir()
    write_frames(frames, Results(results.folder), "students")
    (folder / "students-provenance.json").write_text(json.dumps(produced_by))
    record = {"dataset": "penguins", "available": True, "source": "s", "files": [{"name": "f", "sha256": "0"}]}
    (results.folder / "data").mkdir()
    (results.folder / "data" / "penguins.json").write_text(json.dumps(record))
    return results.folder


def test_a_reference_is_written_read_and_compared(results, tmp_path, capsys):
    folder = made(results)
    reference.publish(folder, tmp_path / "reference")
    tables, record = reference.load(tmp_path / "reference")
    assert set(tables) == {"runs", "costs"}
    assert record["data"] == {"penguins": {"source": "s", "sha256": {"f": "0"}}}
    arguments = ["verify", "--results", str(folder), "--reference", str(tmp_path / "reference")]
    assert main(arguments) == 0
    assert "agrees with the reference" in capsys.readouterr().out
    path = folder / "frames" / "students-runs.csv"
    path.write_text(path.read_text().replace(",0.5,", ",0.6,"))
    assert main(arguments) == 1
    assert "differs from the reference" in capsys.readouterr().out


def test_without_a_reference_or_results_one_line_says_what_to_do(tmp_path, capsys):
    assert main(["verify", "--reference", str(tmp_path)]) == 1
    assert "snakemake reference" in capsys.readouterr().err
    (tmp_path / "record.json").write_text('{"experiments": {}, "data": {}}')
    assert main(["verify", "--reference", str(tmp_path), "--results", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.endswith("none holds no frames: run `snakemake --cores all` first\n")


def test_the_full_reference_needs_runs_on_the_full_data(results, tmp_path):
    folder = made(results)
    with pytest.raises(ValueError, match=r"no runs on mnist: run config/paper\.yaml first"):
        reference.publish_full(folder, tmp_path / "full", experiment="students", dataset="mnist")
    reference.publish_full(folder, tmp_path / "full", experiment="students", dataset="penguins")
    tables, record = reference.load(tmp_path / "full")
    assert set(tables) == {"students", "students-runs", "students-costs"}
    assert list(record["experiments"]) == ["students"]
    (folder / "frames/speed.csv").write_text("model,depth\nmlp,100\n")
    (folder / "frames/speed-provenance.json").write_text('[{"commit": "abc"}]')
    reference.publish_full(folder, tmp_path / "full", experiment="students", dataset="penguins")
    tables, record = reference.load(tmp_path / "full")
    assert tables["speed"]["depth"].tolist() == [100]
    assert record["experiments"]["speed"] == [{"commit": "abc"}]
