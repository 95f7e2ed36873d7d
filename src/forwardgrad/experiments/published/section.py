"""What the figures of the published runs find: their alternative texts."""

import pandas as pd

from forwardgrad.experiments.published.plan import CELLS, FOLDER
from forwardgrad.experiments.training.alternatives import BEYOND, each_cell, pareto
from forwardgrad.plotting import labels
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import read_csv

SHOWN = ("backprop", "forward_gaussian")
ORTHOGONAL = "activity_orthogonal_16"


def alternatives(results: Results) -> dict[str, str]:
    """Return what each figure finds, by its name."""
    runs, times, controls, frontier, shapes = (
        read_csv(results.folder / FOLDER / f"{name}.csv")
        for name in ("mnist-runs", "mnist-times-summary", "controls-runs", "frontier-pareto", "map-pareto")
    )
    return {
        "curves": curves(runs),
        "time-to-loss": time_to_loss(times),
        "controls": ends(controls),
        "frontier": each_cell(frontier, BEYOND, pareto),
        "map": differences(shapes),
    }


def curves(runs: pd.DataFrame) -> str:
    """Return the validation losses that both methods end at, on every published network and at every learning rate."""
    means = runs.groupby(["model", "method"])["validation_loss"].mean()
    parts = [
        f"{labels.model(model)} at {rate}: " + " and ".join(labels.number(means[model, each + end]) for each in SHOWN)
        for model, rate, end in CELLS
        if all((model, each + end) in means for each in SHOWN)
    ]
    return f"Final validation loss with backpropagation and with the forward gradient: {'; '.join(parts)}."


def time_to_loss(times: pd.DataFrame) -> str:
    """Return T_f/T_b on the paper's last network, by PyTorch's forward mode and with rank-one tangents."""
    model, rate, end = CELLS[-1]
    own = times[times["model"] == model].set_index(["method", "cost"])
    stock, rank_one = own.loc[(f"forward_gaussian{end}", "stock")], own.loc[(f"forward_rank_one{end}", "engine")]
    return (
        f"On the {labels.model(model)} at {rate} the time is {labels.number(stock['ratio'])} of backpropagation’s in "
        f"PyTorch’s forward mode and {labels.number(rank_one['ratio'])} with rank-one tangents; the paper has "
        f"{stock['ratio_quoted']:g}."
    )


def ends(runs: pd.DataFrame) -> str:
    """Return the training loss that every control ends at."""
    means = runs.groupby(["method", "estimator"], sort=False)["train_loss"].mean()
    parts = [f"{labels.method(*key).removeprefix('Backpropagation, ')} {value:.2f}" for key, value in means.items()]
    return f"Final training loss: {'; '.join(parts)}."


def differences(table: pd.DataFrame) -> str:
    """Return how far 16 orthogonal tangents are from backpropagation on every network, in points."""
    own = table[table["method"] == ORTHOGONAL]
    parts = [
        f"{labels.model(model)} {labels.signed(100 * by, labels.tenths)}"
        for model, by in zip(own["model"], own["difference"], strict=True)
    ]
    return f"Test accuracy with 16 orthogonal tangents less backpropagation’s, in points: {'; '.join(parts)}."
