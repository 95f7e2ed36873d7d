"""The ledger itself: what it must have, what is refused, and that every claim of it can be judged."""

import copy
from pathlib import Path

import pandas as pd
import pytest
import yaml

from forwardgrad.claims import ledger
from forwardgrad.claims.check import ledger_problems, load_ledger
from forwardgrad.claims.verdicts import UNVERIFIED, acceptance_region, assess
from forwardgrad.experiments.functions import plan as cases
from forwardgrad.experiments.published import products as published
from forwardgrad.experiments.speed.columns import SPEED
from forwardgrad.experiments.training.analyses import time_to_loss as times
from forwardgrad.experiments.training.columns import COSTS, METRICS, RUNS
from forwardgrad.experiments.training.plan import with_curves
from forwardgrad.experiments.training.runs import expand
from forwardgrad.yaml_file import read_mapping

ROOT = Path(__file__).parents[2]
PATH = ROOT / "report/claims.yaml"
SCHEMA = ROOT / "workflow/schemas/claims.schema.yaml"
LEDGER = read_mapping(PATH)
CLAIMS = LEDGER["claims"]


@pytest.fixture
def schema():
    return yaml.safe_load(SCHEMA.read_text())


@pytest.fixture
def small():
    """A ledger of one claim."""
    claim = {
        "part": "primary",
        "group": "lr",
        "source": "paper",
        "place": "Figure 4",
        "claim": "They end alike.",
        "certainty": "FIG",
        "cost_model": "none",
        "evidence": {
            "frame": "mnist-runs",
            "where": {"dataset": "mnist", "model": "lr", "method": "forward_gaussian"},
            "against": {"method": "backprop"},
            "value": "validation_loss",
            "statistic": "geometric_ratio",
        },
        "expect": {"comparison": "equal", "value": 1, "tolerance": "tenth"},
    }
    return {
        "parts": {"primary": {"label": "Primary", "note": "x"}},
        "sources": {"paper": {"label": "The paper"}},
        "groups": {"lr": "Logistic regression"},
        "tolerances": {"tenth": {"relative": 0.1, "why": "x"}},
        "claims": {"alike": claim},
    }


def test_the_ledger_is_sound(preset):
    assert load_ledger(PATH, SCHEMA, preset["experiments"]) == LEDGER
    assert len(CLAIMS) >= 40


def test_all_that_the_ledger_defines_is_used():
    assert {claim["part"] for claim in CLAIMS.values()} == set(LEDGER["parts"])
    assert {claim["source"] for claim in CLAIMS.values()} == set(LEDGER["sources"])
    assert {claim["group"] for claim in CLAIMS.values()} == set(LEDGER["groups"])
    assert {claim["expect"].get("tolerance") for claim in CLAIMS.values()} - {None} == set(LEDGER["tolerances"])


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_says_how_certain_it_is_and_is_in_one_piece(name):
    claim = CLAIMS[name]
    assert claim["certainty"] in ("plain", "FIG", "SEC", "UNV")
    assert claim["claim"].endswith(".")
    low, high, closed = acceptance_region(claim["expect"], LEDGER["tolerances"])
    assert low < high or (low == high and closed)


def rows_for(where, frame, value, seed):
    """Rows that a query would find, one for every seed, with values that differ."""
    names = ledger.known_frames(["mnist", frame.partition("-")[0]])[frame]
    single = {column: entry[0] if isinstance(entry, list) else entry for column, entry in where.items()}
    rows = pd.DataFrame({"seed": range(5)}, index=range(5)).assign(**single)
    for column in [name for name in names if name not in rows]:
        rows[column] = 1.0
    rows[value] = [1.0, 1.1, 1.2, 1.3, 1.4 + seed]
    rows["status"] = "completed" if "threshold" not in names else "threshold"
    return rows


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_can_be_judged(name):
    query = CLAIMS[name]["evidence"]
    rows = rows_for(query["where"], query["frame"], query["value"], 0)
    if "against" in query:
        other = rows_for(query["where"] | query["against"], query["frame"], query["value"], 1)
        rows = pd.concat([rows, other.head(1) if query.get("deterministic") else other], ignore_index=True)
    if query["statistic"] == "given":
        low, high, count = ledger.intervals_of(query["frame"])[query["value"]]
        rows = rows[rows["seed"] == 0].assign(**{low: 0.9, high: 1.1, count: 5})
    if "unit" in query:
        rows[query["unit"]] = rows["seed"] + 1.0
        query_values = query["where"].get(query["unit"])
        if isinstance(query_values, list):
            rows = rows[rows["seed"] < len(query_values)]
            rows[query["unit"]] = rows["seed"].map(dict(enumerate(query_values)))
    row = assess(name, CLAIMS[name], LEDGER["tolerances"], rows)
    assert row["verdict"] in ("reproduced", "direction agrees", "inconclusive", "not reproduced", UNVERIFIED), row[
        "why"
    ]
    assert row["low"] <= row["measured"] <= row["high"]


WRONG = {
    "group": "lrs",
    "source": "papper",
    "place": 3,
    "certainty": "sure",
    "figures": "x",
    "evidence": {"frame": "mnist-runs", "where": [], "statistic": "middle", "value": "loss"},
    "expect": {"comparison": "about", "value": "1e-3"},
}

LINES = """\
claims.Alike: allowed is a name of lowercase letters, digits and underscores, a letter first
claims.wrong.figures = 'x': unknown key; did you mean figure?
claims.wrong: part is missing (key of a part)
claims.wrong: claim is missing (the claim, in our words)
claims.wrong: cost_model is missing (implementation of forward mode by which a cost is measured)
claims.wrong.certainty = 'sure': allowed is plain or FIG or SEC or UNV
claims.wrong.evidence.statistic = 'middle': allowed is mean or median or share or difference or geometric_ratio or \
ratio_of_medians or largest_gap or range or given
claims.wrong.evidence.where = []: allowed is a mapping
claims.wrong.expect.comparison = 'about': allowed is equal or between or at_most or at_least or lower or higher
claims.wrong.expect.value = '1e-3': allowed is a number or a list of at least 2; YAML takes this for text, write 1.0e-03
claims.wrong.place = 3: allowed is a string"""


def test_all_faults_are_told_at_once_one_line_each(small, schema):
    small["claims"] = {"Alike": small["claims"]["alike"], "wrong": WRONG}
    assert sorted(ledger_problems(small, schema, ["mnist"])) == sorted(LINES.splitlines())


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"part": "primry"}, "part = 'primry': unknown; did you mean primary?"),
        ({"direction_only": True}, "expect.comparison = 'equal': a direction is lower or higher"),
        ({"group": "lrs"}, "group = 'lrs': unknown; did you mean lr?"),
        ({"source": "papper"}, "source = 'papper': unknown; did you mean paper?"),
        ({"expect.tolerance": "tent"}, "expect.tolerance = 'tent': unknown; did you mean tenth?"),
        ({"evidence.frame": "mnist-run"}, "evidence.frame = 'mnist-run': unknown; did you mean mnist-runs?"),
        ({"evidence.value": "loss"}, "evidence.value = 'loss': mnist-runs has no such column; did you mean"),
        ({"evidence.where.rate": 1}, "evidence.where.rate = 'rate': mnist-runs has no such column; "),
        ({"evidence.where.dataset": "mnst"}, "evidence.where.dataset = 'mnst': unknown; did you mean mnist?"),
        ({"evidence.against.model": ["lr", "mpl"]}, "evidence.against.model = 'mpl': unknown; did you mean mlp?"),
        ({"evidence.against": None}, "evidence.against is missing: geometric_ratio compares with it"),
        ({"evidence.pick": "lowest"}, "evidence.pick: geometric_ratio does not take it; given do"),
        ({"evidence.statistic": "share", "evidence.against": None}, "evidence: a share needs one of equals and up_to"),
        ({"evidence.statistic": "given"}, "evidence.value = 'validation_loss': its rows have no interval of their own"),
        ({"expect.value": [1, 2]}, "expect.value = [1, 2]: allowed is two numbers for between, else one"),
        ({"expect.comparison": "between"}, "expect.value = 1: allowed is two numbers for between, else one"),
        ({"expect.tolerance": None}, "expect.tolerance is missing: no two measurements are equal"),
    ],
)
def test_what_does_not_exist_or_go_together_is_refused(small, schema, change, line):
    assert ledger_problems(copy.deepcopy(small), schema, ["mnist"]) == []
    for place, value in change.items():
        *parents, last = place.split(".")
        entry = small["claims"]["alike"]
        for parent in parents:
            entry = entry[parent]
        if value is None:
            del entry[last]
        else:
            entry[last] = value
    (found,) = ledger_problems(small, schema, ["mnist"])
    assert found.startswith(f"claims.alike.{line}")


def test_a_claim_cannot_stand_there_twice(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text("claims:\n  one: {}\n  two: {}\n  one: {}\n")
    with pytest.raises(ValueError, match=r"^\S+claims.yaml .*\(duplicate key 'one' in line 4\): mend it$"):
        load_ledger(path, SCHEMA, ["mnist"])


def test_faults_name_the_file(small, tmp_path):
    small["claims"]["alike"]["group"] = "x"
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(small))
    with pytest.raises(ValueError, match=r"claims.yaml: claims.alike.group = 'x': unknown"):
        load_ledger(path, SCHEMA, ["mnist"])


def test_frames_are_those_that_are_written():
    frames = ledger.known_frames(["mnist"])
    assert frames["mnist-runs"] == tuple(RUNS)
    assert set(METRICS) < set(frames["mnist"])
    assert frames["mnist-costs"] == tuple(COSTS)
    assert frames["speed"] == tuple(SPEED)
    assert frames["mnist-times-summary"] == tuple(times.TIMES_SUMMARY)
    for frame, names in frames.items():
        for column, interval in ledger.intervals_of(frame).items():
            assert {column, *interval} <= set(names)


def test_a_frame_is_known_by_the_experiment_that_makes_it():
    assert (ledger.split("mnist-runs"), ledger.split("mnist")) == (("mnist", "-runs"), ("mnist", ""))
    assert ledger.path_of("mnist-times-summary") == "results/tables/mnist/times-summary.csv"
    names = ("mnist", "mnist-runs", "mnist-costs", "speed", "speed-processes", "speed-wall")
    made = [f"results/frames/{name}.csv" for name in names]
    assert ledger.frames_made_by("mnist") + ledger.frames_made_by("speed") == made


NAMES = ("cost", "depth", "memory", "size", "batch")  # of figures of the experiment speed


def figures_of(config):
    """Return the figures that the default reproduction makes, by experiment and name, its data being there."""
    found = {path.removeprefix("results/figures/").removesuffix(".svg") for path in cases.figures(config)}
    found |= {f"estimators/{name}" for name in ("curvature", "moments", "closing", "cloud")}
    found |= {"networks/cost-and-memory", *(figure.path[8:-4] for figure in published.FIGURES)}
    found |= {f"speed/{device}-{name}" for device in config["speed"]["devices"] for name in NAMES}
    for run in expand(config):
        experiment = config["experiments"][run.experiment]
        analyses, cell = experiment.get("analyses", []), f"{run.dataset}-{run.model}"
        names = [cell] + (["loss-ratios"] if "against" in experiment else [])  # a cell's tables are evidence too
        names += ["steps-to-threshold"] if run.settings.stop.loss is not None else []
        names += ["pareto"] if "pareto" in analyses else []
        names += [f"{cell}-by-step"] if (run.dataset, run.model) in with_curves(config, run.experiment) else []
        names += [f"{cell}-cosines"] if run.probes else []
        found |= {f"{run.experiment}/{name}" for name in names}
    return found


def test_every_figure_that_a_claim_names_is_made(load):
    config = load("config")
    every = [*config["experiments"], "functions", "estimators", "speed", "networks"]
    assert {claim["figure"] for claim in CLAIMS.values() if "figure" in claim} <= figures_of(config | {"run": every})
