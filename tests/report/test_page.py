import json
from functools import partial
from html.parser import HTMLParser

import pytest

from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios
from forwardgrad.experiments.training.analyses.rates import rate_table
from forwardgrad.experiments.training.frames import read_experiment, select
from forwardgrad.experiments.training.runs import expand
from forwardgrad.experiments.training.section import in_words
from forwardgrad.experiments.training.tables import method_table, paired_table
from forwardgrad.plotting.page import inline_svg
from forwardgrad.plotting.style import INK
from forwardgrad.report.markup import sentence, without_dead_links
from forwardgrad.report.not_run import impossible_combinations, left_to
from forwardgrad.report.page import Sources, redo, write_report

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Page(HTMLParser):
    """A page's ids, links, text and what it would load; refuses elements that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loads, self.words, self.open = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if tag == "a" else []
        self.loads += [attributes.get(name) for name in ("src", "data", "poster") if attributes.get(name)]
        self.loads += [attributes["href"]] if tag == "link" else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


@pytest.fixture
def page(written):
    return Page(written.read_text())


def test_the_page_is_well_formed_and_loads_nothing(page):
    assert len(page.ids) == len(set(page.ids))
    assert page.loads == ["data:,"]
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_file_it_points_to_exists(page, written):
    files = [link for link in page.links if not link.startswith(("#", "https://"))]
    assert len(files) >= 1 + 2 * 3 + 2
    assert [link for link in files if not (written.parent / link).exists()] == []


def test_the_numbers_are_those_of_the_tables(page):
    assert "From 10 of 20 training runs, of which 1 diverged, on 1 of 2 data sets." in page.text
    assert "Median steps to the loss threshold: 2 with backpropagation; otherwise 3 (Gaussian)" in page.text
    assert "Time of one step: 1.00 ms with backpropagation" in page.text
    assert "Diverged: 1 of 5 (Forward gradient, Gaussian)." in page.text
    assert "3 3 to never" in page.text
    assert "399 outside our range" in page.text
    assert "+1.0 +1.0 to +1.0, more 4 pairs" in page.text


def test_it_says_what_was_not_run_and_why(page):
    assert "KMNIST, 600 images could not be had, so 10 runs on it were not made. No file <here>." in page.text
    assert "Palmer penguins: logistic regression 784-10: lr takes 1 x 28 x 28 inputs" in page.text
    assert "The students: Palmer penguins: logistic regression 4-3, 6 runs" in page.text


def test_it_names_data_versions_and_commands(page):
    assert f"penguins.csv, 25,648 bytes, from: data folder SHA-256 {'ab' * 32}" in page.text
    assert "data-mnist" not in page.ids
    assert "what The students: 10 runs commit not in a repository versions torch 2.13.0" in page.text
    assert "Time spent in updates" in page.text
    assert "snakemake --cores all students" in page.text
    assert "penguins-students_lr-by-time.svg" in page.text


def test_an_experiment_whose_data_are_missing_still_has_its_place(record, settings, full, sources, tmp_path):
    path = sources.results / "data/penguins.json"
    path.write_text(json.dumps(record("penguins", available=False)))
    for table in (sources.results / "tables/students").iterdir():
        table.write_text(table.read_text().splitlines()[0] + "\n")
    bare = Sources(sources.results, [], sources.templates, sources.quoted, sources.root)
    write_report(tmp_path / "index.html", settings, full, bare)
    text = Page((tmp_path / "index.html").read_text()).text
    assert "From 0 of 20 training runs" in text
    assert "Palmer penguins: logistic regression 4-3: not run, because its data could not be had." in text


def test_settings_in_words(settings):
    run = expand(settings)[0]
    assert in_words(run) == (
        "SGD, rate 0.2, the whole training split at every step, until the training loss is at most 0.3, at most 9 steps"
    )


def test_settings_of_the_paper_in_words(load):
    (words,) = {in_words(run) for run in expand(load("paper")) if run.model == "lr" and run.dataset == "mnist"}
    assert words == (
        "SGD, rate 0.0001 × exp(−0.0001 i) at step i, batches of 64, inputs standardised by (0.1307, 0.3081), "
        "25,000 steps"
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


def test_links_to_what_the_page_does_not_have_become_words():
    page = '<p id="a"><a href="#a">here</a>, <a href="#b">there</a> and <a href="https://c">elsewhere</a></p>'
    assert without_dead_links(page) == page.replace('<a href="#b">there</a>', "there")


def test_sentences():
    assert sentence("put it <there> with `cp a b`") == "Put it &lt;there&gt; with <code>cp a b</code>."


def test_commands_name_the_configuration_that_the_page_shows():
    assert redo(()) == "snakemake --cores all"
    assert redo(("config/smoke.yaml",), "smoke") == "snakemake --cores all smoke --configfile config/smoke.yaml"


@pytest.fixture
def grid_and_comparison(record, results, root, tmp_path):
    """A function that writes the page of a grid and of a comparison at the rates in `tuned`, and returns its text."""
    methods = ("forward_gaussian", "forward_rank_one")
    for method in methods:
        for rate, loss in ((0.1, 0.9), (0.2, 0.5)):
            run = {"estimator": method, "rate": rate, "experiment": "tuning"}
            results.run(f"{method}@{rate}", 10, (2.0, loss), **run)
        for seed in range(3):
            results.run(method, seed, (2.0, 0.5 if method == "forward_gaussian" else 0.6), experiment="convergence")
    frames, _ = read_experiment(results.runs, [])
    tables = {"tuning": {"rates": rate_table}, "convergence": {"loss-ratios": partial(loss_ratios, against=methods[0])}}
    for name, further in tables.items():
        folder, own = results.folder / "tables" / name, select(frames, experiment=name)
        folder.mkdir(parents=True)
        method_table(own).to_csv(folder / "methods.csv", index=False)
        paired_table(own).to_csv(folder / "paired.csv", index=False)
        for table, make in further.items():
            make(own.runs).to_csv(folder / f"{table}.csv", index=False)
        (results.folder / "frames").mkdir(exist_ok=True)
        (results.folder / f"frames/{name}-provenance.json").write_text("[]")
        own.runs.to_csv(results.folder / f"frames/{name}-runs.csv", index=False)
    (results.folder / "data").mkdir()
    (results.folder / "data/penguins.json").write_text(json.dumps(record("penguins")))
    sources = Sources(results.folder, [], root / "report/templates", root / "report/quoted.csv", root)
    cell = {"datasets": ["penguins"], "models": ["students_lr"], "methods": list(methods), "seeds": 3}
    cell |= {"evaluate_every": 1, "settings": {"learning_rate": "tuned", "stop": {"steps": 1}}}
    config = {
        "run": ["tuning", "convergence"],
        "experiments": {
            "tuning": {"title": "Rates", "cells": ["grid"]},
            "convergence": {"title": "Convergence", "cells": ["tuned"], "against": methods[0]},
        },
        "cells": {"grid": cell | {"rates": [0.1, 0.2], "seeds": 1, "first_seed": 10}, "tuned": cell},
        "methods": {method: {"estimator": method} for method in methods},
    }

    def write(**tuned):
        whole = config | {"tuned": {"penguins": {"students_lr": tuned}}}
        write_report(tmp_path / "index.html", whole, whole, sources)
        return Page((tmp_path / "index.html").read_text()).text

    return write


def test_a_grid_shows_every_rate_and_the_chosen_one(grid_and_comparison):
    text = grid_and_comparison(forward_gaussian=0.2, forward_rank_one=0.2)
    assert "SGD, each rate of the grid, the whole training split at every step, 1 steps; 1 seed." in text
    assert "Forward gradient, Gaussian 0.900 0.900 to 0.900 0.500 0.500 to 0.500 0.2 at the edge of the grid" in text
    assert "those of config/tuned.yaml , are the ones chosen here" in text


def test_a_choice_that_differs_from_the_rates_in_use_is_told(grid_and_comparison):
    text = grid_and_comparison(forward_gaussian=0.1, forward_rank_one=0.2)
    assert (
        "those of config/tuned.yaml , are not the ones chosen here for: Palmer penguins: logistic regression 4-3, "
        "Forward gradient, Gaussian (here 0.2, there 0.1)." in text
    )


def test_a_comparison_says_where_its_interval_lies(grid_and_comparison):
    text = grid_and_comparison(forward_gaussian=0.2, forward_rank_one=0.2)
    assert "from the same initial weights and on the same batches as “Forward gradient, Gaussian” at each seed" in text
    assert "1.200 every one outside the band: higher loss 3 pairs" in text
