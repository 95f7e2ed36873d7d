"""What the figures and tables of the experiment `speed` show: which rows, in which order and groups."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from forwardgrad.catalogue import MODELS, network_parts
from forwardgrad.experiments.speed.tables import OF_FRAMEWORK, STOCK
from forwardgrad.plotting import labels
from forwardgrad.results.folder import Results

BASES = "What ratios are taken to"
FRAMEWORK = "By the framework’s own forward mode"
ENGINE = "By the project’s engine"
OTHERWISE = "Backpropagation, otherwise"
OF_BACKPROP = ("backprop_by_hand", "backprop_checkpoint")
BY_FRAMEWORK = (*OF_FRAMEWORK, "torchzero")  # which calls the second of them
PAPERS = ("lr", "mlp", "cnn")
FIRST = (
    *BY_FRAMEWORK, "forward_gaussian", "forward_rademacher", "forward_rank_one", "forward_rank_one_layer",
)  # fmt: skip
BATCH_SIZE = 64
SHORT = {"lr": "LR", "mlp": "MLP", "cnn": "CNN"}  # names of the paper's networks over narrow columns


def timed(results: Results, device: str) -> pd.DataFrame:
    """Return what was timed on `device`; columns SPEED."""
    measured = results.frame("speed")
    return measured[(measured["device"] == device) & measured["seconds"].notna()]


def ordered(methods: Iterable[str]) -> list[str]:
    """The methods to show, in the order of the story; not what ratios are taken to."""
    methods = set(methods)
    others = sorted(methods - {"evaluation", "gathering", "backprop", STOCK, *FIRST, *OF_BACKPROP})
    return [key for key in (*FIRST, *others, *OF_BACKPROP) if key in methods]


def group(method: str) -> str:
    """What computes a step of `method`: the framework's forward mode, the project's engine, or backpropagation."""
    own = {BASES: ("evaluation", "gathering", "backprop"), FRAMEWORK: BY_FRAMEWORK, OTHERWISE: OF_BACKPROP}
    return next((name for name, methods in own.items() if method in methods), ENGINE)


def grouped(methods: Iterable[str]) -> dict[str, list[str]]:
    """The methods to show by group."""
    shown = ordered(methods)
    groups = {name: [method for method in shown if group(method) == name] for name in (FRAMEWORK, ENGINE, OTHERWISE)}
    return {name: own for name, own in groups.items() if own}


def usual(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows at the paper's batch size, else at the smallest."""
    sizes = set(measured["batch_size"])
    return measured[measured["batch_size"] == (BATCH_SIZE if BATCH_SIZE in sizes else min(sizes, default=BATCH_SIZE))]


def named(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's networks, else of the models that have a key; the MLP with two hidden layers is `mlp`."""
    keyed = measured[measured["model"].isin(MODELS) & ((measured["model"] != "mlp") | (measured["depth"] == 2))]
    papers = keyed[keyed["model"].isin(PAPERS)]
    return papers if len(papers) else keyed


def deep(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's MLP at one batch size, of the methods that are there at more than one depth."""
    shown = usual(measured[measured["model"] == "mlp"])
    return shown[shown.groupby("method")["depth"].transform("nunique") > 1]


def wide(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows of the paper's MLP, with two hidden layers of any width."""
    two = measured[measured["depth"] == 2]
    keys = [model for model in two["model"].unique() if model == "mlp" or network_parts(model)[1] == "width"]
    return two[two["model"].isin(keys)]


def swept(measured: pd.DataFrame) -> pd.DataFrame:
    """Rows at one batch size of what was measured on all CNNs, logistic regressions and MLPs of two hidden layers."""
    shown = usual(measured)
    shown = shown[shown["depth"].isna() | shown["depth"].isin((0, 2))]
    everywhere = shown.groupby("method")["model"].transform("nunique") == shown["model"].nunique()
    return shown[everywhere & shown["method"].isin(["backprop", *ordered(shown["method"])])]


def place(row: Mapping[str, Any]) -> str:
    """Return the network and batch size of a row in words."""
    return f"{labels.network(row['model'], row['depth'])}, batch {row['batch_size']:,.0f}"
