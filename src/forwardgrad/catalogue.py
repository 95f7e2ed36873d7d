"""What exists, by key: data sets, models and estimators, with the shapes that decide which fit together.

Only names and shapes live here, so that a configuration can be checked before anything is imported.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """Shape of one input (without the batch) and the number of classes."""

    inputs: tuple[int, ...]
    classes: int

    def __str__(self) -> str:
        return f"{' x '.join(map(str, self.inputs))} inputs and {self.classes} classes"


TABLE = Shape((4,), 3)
IMAGE = Shape((1, 28, 28), 10)

DATASETS = {
    "penguins": TABLE,
    "mnist5k": IMAGE,
    "kmnist600": IMAGE,
    "mnist": IMAGE,
    "kmnist": IMAGE,
}

MODELS = {
    "students_lr": TABLE,
    "students_mlp": TABLE,
    "students_cnn": IMAGE,
    "students_cnn_softmax": IMAGE,
    "lr": IMAGE,
    "mlp": IMAGE,
    "cnn": IMAGE,
    "mlp_256": IMAGE,
    "cnn_small": IMAGE,
}

ESTIMATORS = (
    "backprop",
    "forward_gaussian",
    "forward_rademacher",
    "forward_sphere",
    "forward_rank_one",
    "forward_rank_one_layer",
    "forward_rank_four",
    "forward_blockwise",
    "forward_blockwise_standardised",
)

# What the benchmark measures beside the estimators, and on which networks (it has no softmax layer by hand).
BASELINES = ("evaluation", "backprop_compiled", "backprop_by_hand", "jvp", "forward_ad")
MEASURED = (*BASELINES, *ESTIMATORS)
BENCHMARKED = tuple(key for key in MODELS if key != "students_cnn_softmax")

OPTIMIZERS = ("sgd", "adam")
SPLITS = ("train", "validation", "test")


def impossible(dataset: str, model: str) -> str | None:
    """Return why `model` cannot be trained on `dataset`, or None if it can."""
    if DATASETS[dataset] == MODELS[model]:
        return None
    return f"{model} takes {MODELS[model]}, {dataset} has {DATASETS[dataset]}"
