"""What the report shows of the experiment `speed`: ratios of costs, their extremes for the prose, what is left out."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from forwardgrad.catalogue import network_parts
from forwardgrad.experiments.shown import Shown
from forwardgrad.experiments.speed.alternatives import alternative
from forwardgrad.experiments.speed.columns import NETWORK
from forwardgrad.experiments.speed.figures.rows import group, named, ordered, place, swept, usual, wide
from forwardgrad.experiments.speed.plan import EXPERIMENT, PAPER_BATCH_SIZE, steps
from forwardgrad.experiments.speed.tables import AGREEMENT, paper_seconds
from forwardgrad.plotting import labels

SHOWN_IN_PROSE = ("stock", "jvp", "forward_ad", "forward_rank_one", "forward_rank_one_layer", "backprop_by_hand")


def gather(shown: Shown) -> dict[str, Any]:
    """Return what the page shows of the experiment."""
    config, results, figures = shown.config, shown.results, shown.figures
    table, regimes = (results.table(EXPERIMENT, name) for name in ("ratios", "regimes"))
    measured = results.frame(EXPERIMENT)
    ours, produced_by = table[table["source"] == "measured"], results.provenance(EXPERIMENT)
    parts = [part for _, part in usual(named(ours)).groupby([*NETWORK], sort=False, dropna=False)]
    return {
        "key": EXPERIMENT,
        "title": shown.settings["title"],
        "figures": figures,
        "alternatives": {entry["stem"]: alternative(entry["stem"], measured, regimes) for entry in figures},
        "networks": [network(part, table) for part in parts],
        "headline": {method: headline(measured, method) for method in SHOWN_IN_PROSE},
        "memory": memory(measured),
        "regimes": labelled(regimes),
        "agreement": f"{AGREEMENT - 1:.0%}".replace("%", "\u00a0%"),
        "wall": wall(results.frame(f"{EXPERIMENT}-wall")),
        "sizes": sizes(measured),
        "paper_seconds": paper_steps(measured, paper_seconds(results.quoted())),
        "gpu": next((made["device"] for made in produced_by if made["device"].startswith("cuda")), None),
        "gpu_times": results.table("gpu", "times-summary").to_dict("records")
        if config.get("gpu", {}).get("tables")
        else [],
        "processes": int(measured["processes"].max()),
        "noted": measured[measured["note"].notna()].to_dict("records"),
        "left": left(config, shown.full),
        "tables": [
            results.folder / path
            for path in (
                "tables/speed/ratios.csv",
                "tables/speed/regimes.csv",
                "frames/speed.csv",
                "frames/speed-processes.csv",
                "frames/speed-wall.csv",
            )
        ],
        "produced_by": produced_by,
    }


def network(part: pd.DataFrame, table: pd.DataFrame) -> dict[str, Any]:
    """Return one network's rows, ours and the paper's at the same model, depth and batch size."""
    first = part.iloc[0]
    same = (table["model"] == first["model"]) & (table["batch_size"] == first["batch_size"])
    same &= (table["depth"] == first["depth"]) | (table["depth"].isna() & pd.isna(first["depth"]))
    order = ["gathering", "evaluation", "backprop", *ordered(part["method"])]
    rows = sorted(part.to_dict("records"), key=lambda row: order.index(row["method"]))
    return {
        "label": f"{place(first)}, {first['device']}",
        "rows": [
            row | {"label": labels.method(row["method"], row["method"]), "group": group(row["method"])} for row in rows
        ],
        "paper": table[same & (table["source"] != "measured")].to_dict("records"),
    }


def wall(measured: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the wall times of every network by method, with the methods' labels."""
    return [
        {"label": place(own.iloc[0]), "threads": int(own["threads"].iloc[0]), "rows": labelled(own)}
        for _, own in measured.groupby([*NETWORK], sort=False, dropna=False)
    ]


def labelled(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows with the labels of their methods."""
    return [row | {"label": labels.method(row["method"], row["method"])} for row in rows.to_dict("records")]


def headline(measured: pd.DataFrame, method: str) -> list[dict[str, Any]]:
    """Return `method` on every named model at the paper's batch size, on the processor."""
    rows = named(measured[(measured["method"] == method) & measured["seconds"].notna() & (measured["device"] == "cpu")])
    return [row | {"label": labels.model(row["model"])} for row in usual(rows).to_dict("records")] if len(rows) else []


def memory(measured: pd.DataFrame) -> dict[str, Any] | None:
    """Return {method: peak memory over the parameters' size} in the deepest network, with its `depth`."""
    peaks = measured[(measured["model"] == "mlp") & measured["peak_bytes"].notna() & (measured["device"] == "cpu")]
    if not len(peaks):
        return None
    depth = int(peaks["depth"].max())
    deepest = peaks[(peaks["depth"] == depth) & (peaks["batch_size"] == PAPER_BATCH_SIZE)].set_index("method")
    deepest = deepest["peak_bytes"] / (4 * deepest["parameters"])
    return {"depth": depth} | deepest.to_dict()


def sizes(measured: pd.DataFrame) -> dict[str, Any] | None:
    """Return what dense Gaussian tangents cost on the processor: the smallest network's row and the largest MLP's.

    Further how many operations a step on the narrowest MLP takes with them and with backprop, and the row of the
    paper's logistic regression if backprop by hand was measured there.
    """
    timed = swept(measured[(measured["device"] == "cpu") & measured["seconds"].notna()])
    dense = timed[timed["method"] == "forward_gaussian"].sort_values("parameters")
    layered = wide(dense)
    if len(layered) < 2:
        return None
    narrowest = timed[timed["model"] == layered["model"].iloc[0]].set_index("method")["operations"]
    logistic = dense[(dense["model"] == "lr") & dense["ratio_to_backprop_by_hand"].notna()]
    return {
        "smallest": dense.iloc[0].to_dict(),
        "largest": layered.iloc[-1].to_dict(),
        "operations": narrowest["forward_gaussian"],
        "operations_backprop": narrowest["backprop"],
        "logistic": logistic.iloc[0].to_dict() if len(logistic) else None,
    }


def paper_steps(measured: pd.DataFrame, theirs: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return backprop on the processor on the paper's networks, each with the `paper`'s seconds of a step."""
    rows = measured[(measured["method"] == "backprop") & (measured["device"] == "cpu") & measured["seconds"].notna()]
    rows = usual(named(rows)).to_dict("records") if len(rows) else []
    return [row | {"paper": theirs[row["model"]]} for row in rows if row["model"] in theirs]


def network_in_words(network: str) -> str:
    """Return a network by the name that the configuration has for it."""
    base, axis, number = network_parts(network)
    return labels.network(base, number) if axis == "depth" else labels.network(network, 2)


def left(config: Mapping[str, Any], full: Mapping[str, Any]) -> list[str]:
    """Return the networks and batch sizes that the full protocol measures and `config` does not."""
    done, asked = (
        dict.fromkeys(f"{network_in_words(one.network)}, batch {one.batch_size:,}" for one in steps(each))
        for each in (config, full)
    )
    return [text for text in asked if text not in done]
