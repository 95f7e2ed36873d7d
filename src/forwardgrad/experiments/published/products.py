"""The figures of the published runs."""

from forwardgrad.experiments.products import QUOTED, Product
from forwardgrad.experiments.published.plan import FOLDER

TABLES = ()

FIGURES = (
    Product(
        "figures/published/curves.svg",
        "published.figures.curves:curves",
        (f"{FOLDER}/mnist.csv", f"{FOLDER}/mnist-runs.csv", QUOTED),
        "the paper's training curves",
        "Validation loss of the paper's networks on full MNIST at the paper's settings.",
    ),
    Product(
        "figures/published/time-to-loss.svg",
        "published.figures.time_to_loss:time_to_loss",
        (f"{FOLDER}/mnist-times.csv", f"{FOLDER}/mnist-times-summary.csv", QUOTED),
        "the paper's T_f/T_b",
        "Time to the loss of backpropagation over backpropagation's own time, on full MNIST.",
    ),
    Product(
        "figures/published/frontier.svg",
        "published.figures.frontier:frontier",
        (f"{FOLDER}/frontier.csv", f"{FOLDER}/frontier-costs.csv", f"{FOLDER}/frontier-pareto.csv"),
        "accuracy against time on full MNIST",
        "Test accuracy against processor time, on full MNIST.",
    ),
    Product(
        "figures/published/map.svg",
        "published.figures.frontier_map:frontier_map",
        (f"{FOLDER}/map-pareto.csv",),
        "where forward-only training keeps up",
        "Test accuracy in the time of backpropagation, against the number of tangents, depth and width.",
    ),
    Product(
        "figures/published/controls.svg",
        "published.figures.controls:controls",
        (f"{FOLDER}/controls-runs.csv",),
        "what the controls end at",
        "Training loss and test accuracy of the controls on full MNIST.",
    ),
)

PATHS = tuple(f"results/{figure.path}" for figure in FIGURES)
