import json
from functools import partial

import pytest

from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios
from forwardgrad.experiments.training.analyses.rates import rates
from forwardgrad.experiments.training.frames import read_experiment, select, write_frames
from forwardgrad.experiments.training.runs import expand
from forwardgrad.experiments.training.section import settings_of
from forwardgrad.experiments.training.tables import methods, paired
from forwardgrad.plotting.page import inline_svg
from forwardgrad.plotting.style import INK
from forwardgrad.report.markup import resolved, sentence
from forwardgrad.report.not_run import impossible_combinations, left_to
from forwardgrad.report.page import Sources
from forwardgrad.report.site import redo, write_site
from forwardgrad.results.folder import Results

from .pages import Page, cells, dead_links, entries, numbers, pages_in, parse_site, words


@pytest.fixture
def page(written):
    return parse_site(written)


def test_pages_are_well_formed_and_load_nothing_from_elsewhere(written):
    pages = [Page(path.read_text()) for path in pages_in(written)]
    assert len(pages) == 1 + 1 + 2
    loads = {link for page in pages for link in page.loads}
    assert not [link for link in loads if "//" in link]
    assert {name for page in pages for name in set(page.ids) & {"text", "contents"}} == {"text", "contents"}
    ids = [name for page in pages for name in page.ids if name not in ("text", "contents")]
    assert len(ids) == len(set(ids))


def test_every_link_leads_to_a_file_of_the_site_and_to_an_id_in_it(written):
    assert dead_links(written) == []
    files = {path.relative_to(written).as_posix() for path in written.rglob("*.*")}
    figure = "figures/students/penguins-students_lr-by-step"
    assert {f"{figure}.svg", f"{figure}.csv", "tables/students/methods.csv", "tables/claims.csv"} <= files


def test_a_figure_is_loaded_when_it_is_seen_and_has_its_size_and_words(page):
    (picture, *_) = page.select("#students-penguins-students_lr-by-step img")
    assert (picture["loading"], picture["width"]) == ("lazy", "461")
    assert picture["alt"] == "Test accuracy at the end: 0.970 throughout."


def test_the_numbers_are_those_of_the_tables(page):
    ended, planned, diverged, available, sets = ("10", "20", "1", "1", "2")
    assert numbers(page.select_one("#this-run")) == [ended, planned, diverged, available, sets]
    cell = page.find(id="students-penguins-students_lr")
    # Median steps to the threshold, milliseconds per step, and one of five runs diverged.
    assert numbers(cell.find_next_sibling("p")) == ["2", "3", "1.00", "3.00", "1", "5"]
    outcome, paired = (cells(element) for element in cell.find_all_next("table")[:2])
    runs, steps, students, accuracy, *_ = outcome["Backpropagation"]
    assert (runs, steps, students, accuracy) == (["5", "5"], ["2"], ["399"], ["0.970"])
    assert outcome["Forward gradient, Gaussian"][:2] == [["5", "4", "1"], ["3", "3", "never"]]
    assert outcome["Backpropagation"][-2] == ["1.00"]
    assert outcome["Forward gradient, Gaussian"][-2] == ["3.00", "2.31", "3.90"]
    assert paired["Forward gradient, Gaussian"][0] == ["+1.0", "+1.0", "+1.0", "4"]


def test_it_says_what_was_not_run_and_why(page):
    (warning,) = page.select(".answer .warning")
    assert numbers(warning) == ["600", "10"]
    assert "No file <here>." in words(warning)
    section = page.find(id="not_run").parent
    reasons = [words(item) for item in section.select("li")]
    assert reasons[0].startswith("KMNIST, 600 images (10 runs): No file <here>.")
    assert reasons[1].startswith("Palmer penguins: logistic regression 784-10: lr takes 1 x 28 x 28 inputs")
    assert words(section.h4) == "The students: Palmer penguins: logistic regression 4-3, 6 runs"


def test_it_names_data_versions_and_commands(page):
    file = entries(page.find(id="data-penguins").find_next_sibling("dl"))["file"]
    assert file == f"penguins.csv, 25,648 bytes, from: data folder SHA-256 {'ab' * 32}"
    assert page.find(id="data-mnist") is None
    made = entries(page.find(id="reproduce").find_next_sibling("dl"))
    assert list(made.values())[:3] == ["The students: 10 runs", "not in a repository", "torch 2.13.0"]
    assert made["device"] == "cpu, 1 thread per run"
    assert numbers(page.find(id="reproduce").find_next_sibling("dl").find_next_sibling("p")) == ["24.0"]
    assert "snakemake --cores all students" in page.find(id="reproduce").parent.text


def test_an_experiment_whose_data_are_missing_still_has_its_place(record, settings, full, sources, tmp_path):
    path = sources.results.folder / "data/penguins.json"
    path.write_text(json.dumps(record("penguins", available=False)))
    for csv in (sources.results.folder / "tables/students").iterdir():
        csv.write_text(csv.read_text().splitlines()[0] + "\n")
    bare = Sources(sources.results, [], sources.templates, sources.root)
    write_site(tmp_path, settings, full, bare)
    page = parse_site(tmp_path)
    assert numbers(page.select_one("#this-run"))[:2] == ["0", "20"]
    absent = [words(element.strong) for element in page.select(".warning")]
    assert "Palmer penguins: logistic regression 4-3:" in absent
    assert page.find(id="data-penguins") is not None


def test_settings_in_words(settings):
    run = expand(settings)[0]
    assert settings_of(run) == (
        "SGD, learning rate 0.2, the whole training split at every step, "
        "until the training loss is at most 0.3, at most 9 steps"
    )


def test_settings_of_the_paper_in_words(load):
    (words,) = {settings_of(run) for run in expand(load("paper")) if run.model == "lr" and run.dataset == "mnist"}
    assert words == (
        "SGD, learning rate 0.0001 × exp(−0.0001 i) at step i, batches of 64, "
        "inputs standardised by (0.1307, 0.3081), 25,000 steps"
    )


def test_what_is_left_is_what_was_not_run(settings, full):
    assert left_to(settings, expand(settings)) == []
    (group,) = left_to(full, expand(settings))
    assert group["runs"] == 6
    assert group["settings"][0][1:] == (["Backpropagation", "Forward gradient, Gaussian"], 3)


def test_combinations_that_do_not_fit(settings):
    ((cell, reason),) = impossible_combinations(settings)
    assert cell == "Palmer penguins: logistic regression 784-10"
    assert reason == "lr takes 1 x 28 x 28 inputs and 10 classes, penguins has 4 inputs and 3 classes"


def test_a_figure_becomes_part_of_the_page():
    svg = f'<?xml?><svg width="1pt" height="2pt" viewBox="0"><g id="a" style="fill: {INK}; clip-path: url(#b)"/></svg>'
    assert inline_svg(svg, "x") == (
        '<svg role="img" viewBox="0"><g id="x-a" style="fill: var(--ink); clip-path: url(#x-b)"/></svg>'
    )


def test_a_link_leads_to_the_page_that_has_its_id_or_becomes_words():
    page = '<p id="a"><a href="#a">here</a>, <a href="#b" class="x">there</a> and <a href="#c">nowhere</a></p>'
    other = '<p id="b"><a href="#a">back</a></p>'
    pages = resolved({"index.html": page, "pages/b.html": other})
    assert pages["pages/b.html"] == other.replace("#a", "../index.html#a")
    assert pages["index.html"] == page.replace("#b", "pages/b.html#b").replace('<a href="#c">nowhere</a>', "nowhere")


def test_sentences():
    assert sentence("put it <there> with `cp a b`") == "Put it &lt;there&gt; with <code>cp a b</code>."
    assert sentence("It ends already.") == "It ends already."


def test_commands_name_the_configuration_that_the_page_shows():
    assert redo(()) == "snakemake --cores all"
    assert redo(("config/smoke.yaml",), "smoke") == "snakemake --cores all smoke --configfile config/smoke.yaml"


@pytest.fixture
def grid_and_comparison(record, results, root, tmp_path):
    """A function that writes the page of a grid and of a comparison at the rates in `tuned`, and returns it."""
    names = ("forward_gaussian", "forward_rank_one")
    for method in names:
        for rate, loss in ((0.1, 0.9), (0.2, 0.5)):
            run = {"estimator": method, "rate": rate, "experiment": "tuning"}
            results.run(f"{method}@{rate}", 10, (2.0, loss), **run)
        for seed in range(3):
            results.run(method, seed, (2.0, 0.5 if method == "forward_gaussian" else 0.6), experiment="convergence")
    frames, _ = read_experiment(results.runs, [])
    own = Results(results.folder, root / "report/quoted.csv")
    further = {"tuning": {"rates": rates}, "convergence": {"loss-ratios": partial(loss_ratios, against=names[0])}}
    (own.folder / "frames").mkdir()
    for experiment, tables in further.items():
        folder = own.folder / "tables" / experiment
        folder.mkdir(parents=True)
        write_frames(select(frames, experiment=experiment), own, experiment)
        (own.folder / f"frames/{experiment}-provenance.json").write_text("[]")
        for table, make in ({"methods": methods, "paired": paired} | tables).items():
            make(own, experiment).to_csv(folder / f"{table}.csv", index=False)
    (results.folder / "data").mkdir()
    (results.folder / "data/penguins.json").write_text(json.dumps(record("penguins")))
    sources = Sources(own, [], root / "report/templates", root)
    cell = {"datasets": ["penguins"], "models": ["students_lr"], "methods": list(names), "seeds": 3}
    cell |= {"evaluate_every": 1, "settings": {"learning_rate": "tuned", "stop": {"steps": 1}}}
    config = {
        "run": ["tuning", "convergence"],
        "experiments": {
            "tuning": {"title": "Rates", "cells": ["grid"]},
            "convergence": {"title": "Convergence", "cells": ["tuned"], "against": names[0]},
        },
        "cells": {"grid": cell | {"rates": [0.1, 0.2], "seeds": 1, "first_seed": 10}, "tuned": cell},
        "methods": {method: {"estimator": method} for method in names},
    }

    def write(**tuned):
        whole = config | {"tuned": {"penguins": {"students_lr": tuned}}}
        write_site(tmp_path / "site", whole, whole, sources)
        return parse_site(tmp_path / "site")

    return write


def test_a_grid_shows_every_rate_and_the_chosen_one(grid_and_comparison):
    page = grid_and_comparison(forward_gaussian=0.2, forward_rank_one=0.2)
    cell = page.find(id="tuning-penguins-students_lr")
    assert numbers(cell.find_next_sibling("ul")) == ["1", "1"]  # steps, seeds
    lower, higher = ["0.900", "0.900", "0.900"], ["0.500", "0.500", "0.500"]
    assert cells(cell.find_next("table"))["Forward gradient, Gaussian"] == [lower, higher, ["0.2"]]
    assert page.select(".warning") == []


def test_a_choice_that_differs_from_the_rates_in_use_is_told(grid_and_comparison):
    page = grid_and_comparison(forward_gaussian=0.1, forward_rank_one=0.2)
    (warning,) = page.select(".warning")
    assert "Palmer penguins: logistic regression 4-3, Forward gradient, Gaussian (here 0.2, there 0.1)." in words(
        warning
    )


def test_a_comparison_says_where_its_interval_lies(grid_and_comparison):
    page = grid_and_comparison(forward_gaussian=0.2, forward_rank_one=0.2)
    rows = cells(page.find(id="convergence-penguins-students_lr").find_next("table"))
    assert rows["Forward gradient, rank one"] == [["0.2"], ["1.200"], ["3"]]
