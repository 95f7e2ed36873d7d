"""Splitting examples into training, validation and test, each class in proportion."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Split(NamedTuple):
    """Sorted indices of the examples in each part, int64. `validation` may be empty."""

    train: "np.ndarray"
    validation: "np.ndarray"
    test: "np.ndarray"


def divide(
    indices: "np.ndarray", labels: "np.ndarray", count: int, generator: "np.random.RandomState"
) -> tuple["np.ndarray", "np.ndarray"]:
    """Draw `count` of `indices` at random, each class in proportion; return the others and these, both sorted.

    Args:
        indices: Candidates, int64, shape (N,).
        labels: Classes of all examples; `labels[indices]` decides the proportions.
        count: How many to draw.
        generator: Source of randomness; advances.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    others, drawn = train_test_split(indices, test_size=count, stratify=labels[indices], random_state=generator)
    return np.sort(others), np.sort(drawn)
