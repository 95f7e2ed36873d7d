"""The part of README.md that states results: written from the published reference, never by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
import yaml

from forwardgrad.claims import VERDICTS
from forwardgrad.plotting import labels
from forwardgrad.reference import load

BEGIN, END = "<!-- From results/reference, by `snakemake reference`: do not edit. -->\n", "<!-- Until here. -->\n"
MODELS = ("lr", "mlp", "cnn")


def rewrite(text: str, block: str) -> str:
    """Return README's text with what stands between its two marks replaced.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks the line {(END if begin else BEGIN).strip()}")
    return before + BEGIN + block + END + after


def block(reference: Path, ledger: Path, template: Path) -> str:
    """Return what README states: what a step costs, the figure, verdicts by source, and every claim.

    Args:
        reference: Folder of the published reference.
        ledger: report/claims.yaml, for whose claims they are.
        template: The prose, report/templates/readme.md.j2.
    """
    tables, record = load(reference)
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {"labels": labels, "verdicts": VERDICTS, "cell": cell}
    sources = yaml.safe_load(ledger.read_text(encoding="utf-8"))["sources"]
    claims = tables["claims"]
    return environment.from_string(template.read_text(encoding="utf-8")).render(
        costs={method: costs(tables["speed"], method) for method in ("jvp", "forward_gaussian", "forward_rank_one")},
        by_hand=costs(tables["speed"], "forward_rank_one", "ratio_to_backprop_by_hand"),
        host=record["experiments"]["speed"][0]["host"],
        sources={key: entry["label"] for key, entry in sources.items()},
        claims={key: claims[claims["source"] == key].to_dict("records") for key in sources},
        total=len(claims),
    )


def costs(speed: pd.DataFrame, method: str, ratio: str = "ratio_to_backprop") -> list[float]:
    """Return the cost of a step over backpropagation's on each of the paper's networks, in the order of MODELS."""
    usual = speed[(speed["batch_size"] == 64) & (speed["device"] == "cpu") & (speed["method"] == method)]
    networks = usual[usual["depth"].isna() | (usual["model"] != "mlp") | (usual["depth"] == 2)]
    return [float(networks.loc[networks["model"] == model, ratio].iloc[0]) for model in MODELS]


def cell(row: Mapping[str, Any]) -> str:
    """Return a claim's measured value with its interval."""
    if pd.isna(row["measured"]):
        return "–"
    interval = "" if pd.isna(row["low"]) else f" [{row['low']:.3g}, {row['high']:.3g}]"
    return f"{row['measured']:.3g}{interval}"
