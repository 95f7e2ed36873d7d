"""The table: the whole list, what came out of it, and what its rows say."""

import csv

import numpy as np
import pytest
import torch

from forwardgrad.experiments.audit import compute as audit
from forwardgrad.experiments.audit import others, students
from forwardgrad.experiments.audit.columns import AUDIT, MOMENTS
from forwardgrad.experiments.audit.finding import exact, sampled

# Defects by repository, and whether they are computed.
LISTED = {
    "Ramirez Palacios and Perez Barreales (2023)": {
        "no_seeds", "two_devices", "two_stopping_rules", "two_optimizers", "softmax_into_cross_entropy",
        "redrawn_images", "standardised_tangents", "standardised_hidden", "standardised_output",
    },
    "Gallo (2023)": {"uniform_tangents", "uniform_direction", "descent_without_decay", "trid_minimum"},
    "DSSC veni": {"step_up", "unused_decay", "summed_directions"},
    "orobix/fwdgrad": {"override_key", "unseeded"},
    "Three repositories": {"clipped_derivative"},
    "davidgonmar": {"slow_decay"},
}  # fmt: skip
DOCUMENTED = {"override_key", "unseeded"}


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def written(birds, defects, tmp_path_factory):
    """The audit of the penguins, and the second moments."""
    folder = tmp_path_factory.mktemp("audit")
    audit.write(defects, birds, folder / "audit.csv", folder / "moments.csv")
    return folder


def test_the_whole_list_is_there(repositories):
    assert {entry["repository"]: set(entry["defects"]) for entry in repositories} == LISTED
    assert set(audit.computations(None)) == set().union(*LISTED.values()) - DOCUMENTED


def test_every_defect_is_shown_but_the_one_that_does_no_harm(written):
    found = {row["key"]: row["shown"] for row in read(written / "audit.csv")}
    expected = dict.fromkeys(set().union(*LISTED.values()), "yes") | dict.fromkeys(DOCUMENTED, "documented")
    assert found == expected | {"standardised_output": "no"}


def test_every_row_is_complete(written):
    rows = read(written / "audit.csv")
    assert list(rows[0]) == list(AUDIT)
    for row in rows:
        computed = row["key"] not in DOCUMENTED
        assert all(bool(row[name]) == computed for name in ("correct", "found", "low", "high", "n"))
        assert row["defect"]
        assert row["computation"]
        assert row["why"]
        assert not computed or float(row["low"]) <= float(row["found"]) <= float(row["high"])


def test_second_moments_of_three_kinds_of_tangents(written):
    expected = {
        "gaussian": np.eye(5),
        "standardised": np.eye(5) - 1 / 5,
        "uniform": np.full((5, 5), 1 / 4) + np.eye(5) / 12,
    }
    rows = read(written / "moments.csv")
    assert list(rows[0]) == list(MOMENTS)
    for kind, matrix in expected.items():
        entries = [float(row["moment"]) for row in rows if row["tangents"] == kind]
        assert np.array(entries) == pytest.approx(matrix.ravel(), abs=5 * np.sqrt(2 / audit.DRAWS))


def test_the_same_again_gives_the_same_bytes(written, splits, defects, tmp_path):
    """What is computed on penguins is left out of the second time: it draws nothing but initial weights."""
    audit.write(defects, None, tmp_path / "audit.csv", tmp_path / "moments.csv")
    before, after = ((folder / "audit.csv").read_text().splitlines() for folder in (written, tmp_path))
    alone = [line for line in after if ",no data," not in line]
    assert len(after) - len(alone) == len(students.ON_PENGUINS | others.ON_PENGUINS)
    assert set(alone) < set(before)
    assert (tmp_path / "moments.csv").read_bytes() == (written / "moments.csv").read_bytes()
    assert students.no_seeds(splits, count=8) == students.no_seeds(splits, count=8)


def test_without_penguins_the_rest_is_still_computed(repositories, monkeypatch):
    monkeypatch.setattr(others, "ALONE", {key: lambda: exact(0, 1, "larger") for key in others.ALONE})
    monkeypatch.setattr(students, "ALONE", {key: lambda: exact(0, 0, "larger") for key in students.ALONE})
    rows = {row["key"]: row for row in audit.rows(repositories, audit.computations(None))}
    assert {key for key, row in rows.items() if row["shown"] == "no data"} == {
        *students.ON_PENGUINS,
        *others.ON_PENGUINS,
    }
    assert {rows[key]["shown"] for key in others.ALONE} == {"yes"}
    assert {rows[key]["shown"] for key in students.ALONE} == {"no"}
    assert rows["unseeded"]["shown"] == "documented"


@pytest.mark.parametrize(
    ("defects", "known", "told"),
    [
        ({"a": {}}, {}, "'a' has no entry in src/forwardgrad/audit"),
        ({}, {"a": None}, "'a' has no entry in report/audit.yaml"),
        ({"a": {"documented": True}}, {"a": None}, "`documented: true`"),
    ],
)
def test_what_has_no_counterpart_is_refused(defects, known, told):
    with pytest.raises(ValueError, match=told):
        list(audit.rows([{"repository": "x", "commit": None, "defects": defects}], known))


@pytest.mark.parametrize(("effect", "shown"), [("larger", [False, False, True]), ("smaller", [True, False, False])])
def test_a_finding_is_shown_on_the_side_it_is_said_to_lie(effect, shown):
    assert [exact(1, found, effect).shown for found in (0, 1 + 1e-9, 2)] == shown
    samples = torch.tensor([0.0, 1.0, 2.0, 3.0])
    assert [sampled(1.5 - side, samples, effect).shown for side in (-3, 0, 3)] == shown


def test_an_interval_is_students():
    """Mean 2, deviation 1, n = 3: 4.303 / sqrt 3 on either side."""
    finding = sampled(0, torch.tensor([1.0, 2.0, 3.0]), "larger")
    assert (finding.found, finding.n) == (2, 3)
    assert finding.high - 2 == pytest.approx(4.302653 / 3**0.5)
    assert 2 - finding.low == pytest.approx(4.302653 / 3**0.5)


def test_noise_of_the_last_bits_is_not_written():
    assert audit.rounded(2.2e-32) == 0
    assert audit.rounded(1 - 1e-15) == 1
