"""Splitting examples into training, validation and test, each class in proportion."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Split(NamedTuple):
    """Sorted indices of the examples in each part, int64. `validation` may be empty."""

    train: "np.ndarray"
    validation: "np.ndarray"
    test: "np.ndarray"


def draw(indices: "np.ndarray", labels: "np.ndarray", count: int, generator: "np.random.RandomState") -> "np.ndarray":
    """Return `count` of `indices`, sorted, drawn at random with each class in proportion.

    Args:
        indices: Candidates, int64, shape (N,).
        labels: Classes of all examples; `labels[indices]` decides the proportions.
        count: How many to draw.
        generator: Source of randomness; advances.
    """
    import numpy as np
    from sklearn.model_selection import train_test_split

    _, drawn = train_test_split(indices, test_size=count, stratify=labels[indices], random_state=generator)
    return np.sort(drawn)


def without(indices: "np.ndarray", others: "np.ndarray") -> "np.ndarray":
    """Return the sorted `indices` that are not in `others`."""
    import numpy as np

    return np.setdiff1d(indices, others, assume_unique=True)
