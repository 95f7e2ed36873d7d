"""What exists, by key: data sets, models, estimators and the benchmark's baselines, each declared once.

Standard library alone, so that a configuration can be checked before anything is imported. What depends on the
content of an entry (its label, cost or formula) imports the module that declares it, so that its digest covers it.
"""

from forwardgrad.catalogue.estimators import BASELINES, ESTIMATORS
from forwardgrad.catalogue.problems import (
    ARCHITECTURES,
    DATASETS,
    HIDDEN,
    IMAGE,
    MODELS,
    TABLE,
    DataSet,
    Shape,
    network_parts,
)

__all__ = [
    "ARCHITECTURES", "BASELINES", "DATASETS", "ESTIMATORS", "HIDDEN", "IMAGE", "MODELS", "TABLE", "DataSet",
    "Shape", "network_parts",
]  # fmt: skip

# Whose steps can be measured; PLAIN are measured on every network, since costs are ratios to theirs.
MEASURED = BASELINES | ESTIMATORS
PLAIN = ("evaluation", "backprop")
# What is measured of a user's network unless other methods are asked for.
USUAL = (*PLAIN, "backprop_checkpoint", "torchzero", "forward_rademacher", "forward_rank_one", "activity")
ADAM = "+adam"  # behind the key of an estimator: a step of Adam along its estimate

SPLITS = ("train", "validation", "test")

AT = "@"  # between a method and the learning rate of a grid at which it is run


def impossible(dataset: str, model: str) -> str | None:
    """Return why `model` cannot be trained on `dataset`, or None if it can."""
    given, taken = DATASETS[dataset].shape, MODELS[model].shape
    return None if given == taken else f"{model} takes {taken}, {dataset} has {given}"
