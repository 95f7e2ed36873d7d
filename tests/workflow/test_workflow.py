"""The real workflow, end to end, in a copy of the repository that has no network."""

import csv
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from forwardgrad.claims.verdicts import UNVERIFIED
from forwardgrad.experiments.published.products import FIGURES
from forwardgrad.pipeline import lock
from forwardgrad.results.reading import seal_of

PARTS = ("CITATION.cff", "Snakefile", "config", "profiles", "workflow", "report", "results/reference/paper")
RUN = Path("results/runs/tiny/penguins/students_lr/forward_gaussian/seed-1/metrics.csv")
MISSING = "results/runs/tiny/kmnist600/students_cnn/backprop/seed-0/metrics.csv"
CLAIM = "results/claims/lr_forward_loss.json"
METHODS = ("backprop", "forward_gaussian")
DRAWN = {path.rpartition("/")[2] for figure in FIGURES for path in figure.reads}
ODD = 'my user\'s "größe" $HOME & (x) {y}'  # a folder may be called anything
LAST_LINE = "kmnist600 is not available: "
# Whatever asks for the network is refused at once.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")


class Workflow:
    def __init__(self, root, folder):
        self.folder = folder
        self.configuration = root / "tests/workflow/config.yaml"
        for part in PARTS:
            copy = shutil.copytree if (root / part).is_dir() else shutil.copy
            copy(root / part, folder / part)
        shutil.rmtree(folder / "report/site", ignore_errors=True)
        publish(folder / "results/reference/paper")

    def __call__(self, *arguments):
        """Run Snakemake; return its exit status and the lines that it writes to the terminal."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FORWARDGRAD_")}
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments, "--configfile", self.configuration],
            cwd=self.folder,
            env=environment | OFFLINE | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout.splitlines()


def publish(folder):
    """Leave what figures need, and put five logistic regressions that end at 0.55 in place of the published runs."""
    for path in folder.glob("*.csv"):
        if path.name not in DRAWN:
            path.unlink()
    rows = ["dataset,model,method,seed,status,validation_loss"]
    rows += [f"mnist,lr,{method},{seed},completed,0.55" for method in METHODS for seed in range(5)]
    (folder / "mnist-runs.csv").write_text("\n".join(rows) + "\n")
    record = {"experiments": json.loads((folder / "record.json").read_text())["experiments"]}
    record["experiments"]["mnist"] = [{"commit": "0123456789ab", "host": {"cpu": "a processor"}}]
    (folder / "record.json").write_text(json.dumps(record))


@pytest.fixture(scope="module")
def workflow(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("workflow") / ODD
    folder.mkdir()
    return Workflow(root, folder)


@pytest.fixture(scope="module")
def first(workflow):
    """What the first run says."""
    return workflow()


def test_everything_that_has_its_data_is_made(workflow, first):
    status, lines = first
    assert status == 0, "\n".join(lines)
    assert len(list(workflow.folder.glob("results/runs/**/metrics.csv"))) == 4 + 2
    assert "Tiny" in (workflow.folder / "report/site/index.html").read_text()
    assert "no_seeds" in (workflow.folder / "results/tables/audit.csv").read_text()


def test_every_file_that_is_made_is_asked_for(workflow, first):
    """What nothing asks for is not missed when a job fails that should make it."""
    _, lines = workflow("--dry-run", "--force", "all")
    start = next(index for index, line in enumerate(lines) if line.endswith("rule all:"))
    asked = next(line for line in lines[start:] if line.strip().startswith("input: ")).replace(",", "").split()
    made = {
        path.relative_to(workflow.folder).as_posix()
        for folder in ("data", "runs", "steps", "frames", "tables", "figures")
        for path in workflow.folder.glob(f"results/{folder}/**/*.*")
        if path.is_file() and "raw" not in path.parts and not path.name.startswith(".")  # checksums lie beside
    }
    assert made - set(asked) == set()


def test_the_lock_of_a_dead_run_is_no_obstacle(workflow, first):
    (workflow.folder / ".snakemake/locks/0.output.lock").write_text("results/tables/audit.csv\n")
    status, lines = workflow("results/tables/audit.csv")
    assert status == 0, "\n".join(lines)


def test_a_living_run_is_named_and_another_refused(workflow, first):
    held = workflow.folder / ".snakemake" / lock.OWNER
    owner = held.read_text()
    with held.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        status, lines = workflow("results/tables/audit.csv")
    assert status == 1
    assert lines[-1].startswith(f"process {json.loads(owner)['pid']} on ")


def test_a_notebook_shows_the_runs_that_were_made(workflow, first):
    assert (
        "experiment &#39;tiny&#39;: 4 runs" in (workflow.folder / "report/notebooks/explore_results.html").read_text()
    )
    assert "notebooks/explore_results.html" in (workflow.folder / "report/site/index.html").read_text()


def test_progress_is_shown(first):
    assert any("jobs done (100%), in " in line for line in first[1])


def test_the_last_line_says_what_is_missing_and_what_to_do(workflow, first):
    assert first[1][-1].startswith(LAST_LINE)
    assert "forwardgrad data --retry" in first[1][-1]
    assert "kmnist600" in (workflow.folder / "report/site/pages/provenance.html").read_text()
    assert not list(workflow.folder.glob("results/**/kmnist600/**/metrics.csv"))


def test_a_second_run_has_nothing_to_do_whatever_data_folder_it_names(workflow, first, tmp_path):
    status, lines = workflow("--config", f"data_dir={tmp_path}/my da'ta {{x}}")
    assert status == 0
    assert "Nothing to be done" in lines[-2]
    assert lines[-1].startswith(LAST_LINE)


def test_only_what_is_missing_is_searched_again_and_only_when_the_data_folder_has_it(workflow, first, tmp_path):
    archive = tmp_path / "KMNIST/raw/t10k-images-idx3-ubyte.gz"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"")
    records = [f"results/data/{dataset}.json" for dataset in ("penguins", "kmnist600")]
    lines = workflow("--dry-run", *records, "--config", f"data_dir={tmp_path}")[1]
    searched = [lines[index + 1].split()[-1] for index, line in enumerate(lines) if line == "checkpoint locate:"]
    assert searched == ["results/data/kmnist600.json"]


@pytest.fixture(scope="module")
def by_target(workflow, first):
    """The bytes of one run, then those after it was deleted and asked for again, together with one claim."""
    path = workflow.folder / RUN
    before = path.read_bytes()
    path.unlink()
    status, lines = workflow(RUN, CLAIM)
    assert status == 0, "\n".join(lines)
    return before, path.read_bytes()


def test_one_run_by_target_gives_the_same_bytes(by_target):
    before, after = by_target
    assert after == before


def test_every_claim_has_a_row_and_what_was_published_stands_in_for_what_was_not_run(workflow, first, root):
    table = (workflow.folder / "results/tables/claims.csv").read_text()
    rows = {row["id"]: row for row in csv.DictReader(table.splitlines())}
    assert list(rows) == list(yaml.safe_load((root / "report/claims.yaml").read_text())["claims"])
    published = {name: row for name, row in rows.items() if row["evidence"]}
    losses = [published[name] for name in ("lr_backprop_loss", "lr_forward_loss")]
    assert {row["verdict"] for row in losses} == {"reproduced"}
    assert {row["evidence"] for row in losses} == {"published run at commit 0123456789ab, a processor"}
    assert rows["mlp_step_cheaper"]["why"] == "experiment speed was not run"
    assert {row["verdict"] for name, row in rows.items() if name not in published} <= {"no evidence", UNVERIFIED}
    assert 'id="claim-lr_forward_loss"' in (workflow.folder / "report/site/pages/ledger.html").read_text()


def test_one_claim_by_target_gives_the_same_verdict(workflow, by_target):
    row = json.loads((workflow.folder / CLAIM).read_text())
    with (workflow.folder / "results/tables/claims.csv").open(newline="") as table:
        (judged,) = [each for each in csv.DictReader(table) if each["id"] == "lr_forward_loss"]
    assert {key: "" if value is None else str(value) for key, value in row.items()} == judged


def test_a_broken_invariant_stops_the_build_with_one_line(workflow, first):
    workflow("results/tables/invariants.csv")  # a run that another test made again would have its frame made again
    path = workflow.folder / "results/frames/tiny.csv"
    before = path.read_text()
    table = list(csv.reader(before.splitlines()))
    table[1][table[0].index("test_accuracy")] = "1.5"
    path.write_text("\n".join(map(",".join, table)) + "\n")
    seal = seal_of(path).read_text()
    seal_of(path).unlink()  # an edit would be noticed before
    status, lines = workflow("results/tables/invariants.csv")
    path.write_text(before)
    seal_of(path).write_text(seal)
    assert status == 1, "\n".join(lines)
    (line,) = [line for line in lines if "tiny/penguins/students_lr/backprop/0: " in line]
    assert line.startswith("invariants (results/tables/invariants.csv) failed: tiny: ")


def test_a_claim_that_asks_for_what_there_is_not_is_refused_before_any_work(workflow, first):
    path = workflow.folder / "report/claims.yaml"
    before = path.read_text()
    path.write_text(before.replace("frame: mnist-runs", "frame: mnst-runs", 1))
    status, lines = workflow()
    path.write_text(before)
    assert status == 1
    assert lines[-1] == (
        "report/claims.yaml: claims.lr_forward_loss.evidence.frame = 'mnst-runs': unknown; did you mean mnist-runs?"
    )


def test_a_run_without_data_stops_with_one_line(workflow, first):
    status, lines = workflow(MISSING)
    assert status == 1
    assert [line for line in lines if "kmnist600" in line] == lines[-1:]
    assert lines[-1].startswith(LAST_LINE)


def test_chosen_rates_are_written_where_the_configuration_finds_them(workflow, first):
    file = workflow.folder / "config/tuned.yaml"
    file.unlink()
    status, lines = workflow("convergence")
    assert status == 1
    missing = "mnist5k.mlp_256.forward_gaussian is missing, convergence trains with it: run `snakemake tuned`"
    assert f"config/tuned.yaml: {missing}" in lines
    status, lines = workflow("tuned")
    assert status == 0, "\n".join(lines)
    assert yaml.safe_load(file.read_text()) == {"penguins": {"students_lr": {"forward_gaussian": 0.2}}}


def test_a_run_that_is_not_configured_is_refused_in_one_line(workflow, first):
    status, lines = workflow("results/runs/tiny/penguins/students_lr/backprop/seed-7/metrics.csv")
    assert status == 1
    assert lines[-1] == "results/runs/tiny/penguins/students_lr/backprop/seed-7: the configuration has no such run"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("results/figures/tiny/penguins-nosuch-by-step.svg", "tiny: penguins with nosuch is none of its cells"),
        ("results/tables/nosuch/methods.csv", "nosuch: the configuration has no such experiment"),
    ],
)
def test_what_is_not_configured_is_refused_before_any_work(workflow, first, target, line):
    status, lines = workflow(target)
    assert status == 1
    assert lines[-1] == line
    assert not any("jobs done" in line for line in lines)


def test_a_wrong_configuration_is_told_before_any_work(workflow, first):
    status, lines = workflow("--config", "run=[tny]")
    assert status == 1
    assert lines[-1] == "run[0] = 'tny': unknown experiment; did you mean tiny?"
