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
    "mlp_256_256": IMAGE,
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
    "forward_mean_4",
    "forward_mean_16",
    "forward_projected_4",
    "forward_projected_16",
    "activity",
    "spsa",
    "spsa_rank_one",
    "noisy_backprop",
)

# Forward passes that an estimate costs by its arithmetic: products of weights with activations, draws and updates not
# counted. A dense tangent costs as much as reverse mode, a rank-one tangent nothing beside the primal.
PASSES = {
    "backprop": 3.0,
    "forward_gaussian": 3.0,
    "forward_rademacher": 3.0,
    "forward_sphere": 3.0,
    "forward_rank_one": 2.0,
    "forward_rank_one_layer": 1.2,
    "activity": 3.0,
    "spsa": 2.0,
    "spsa_rank_one": 2.0,
    "noisy_backprop": 3.0,
}

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


def forward_passes(estimator: str) -> float | None:
    """Return what an estimate costs in forward passes: of K tangents 1 + 2 K; None where it depends on the network."""
    name, _, tangents = estimator.rpartition("_")
    if name in ("forward_mean", "forward_projected"):
        return 1.0 + 2.0 * int(tangents)
    return PASSES.get(estimator)


AT = "@"  # between a method and the rate of a grid at which it is run


def variant(method: str, estimator: str) -> str:
    """Return what the name of a method adds to that of its estimator, such as `low_rate`; empty if nothing."""
    return method.removeprefix(estimator).strip("_")
