"""Random seeds derived from their purpose, so that methods with the same seed are paired.

The split depends on the data set and the seed only, the initial weights also on the model, the batch
order also on the experiment. Only the tangents depend on the method.
"""

import hashlib
import json


def derive_seed(*identity: str | int) -> int:
    """Return a 63-bit seed that depends on every part of `identity` and on nothing else.

    The first eight bytes of SHA-256 over the identity as JSON, with the sign bit cleared: the same on
    every platform and Python version, unlike `hash`.
    """
    digest = hashlib.sha256(json.dumps(identity).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def split_seed(dataset: str, seed: int) -> int:
    """Seed of the split into training, validation and test."""
    return derive_seed("split", dataset, seed)


def initialisation_seed(dataset: str, model: str, seed: int) -> int:
    """Seed of the initial weights."""
    return derive_seed("initialisation", dataset, model, seed)


def batch_seed(experiment: str, dataset: str, model: str, seed: int) -> int:
    """Seed of the order in which training examples are visited."""
    return derive_seed("batches", experiment, dataset, model, seed)


def tangent_seed(experiment: str, dataset: str, model: str, method: str, seed: int) -> int:
    """Seed of the tangents, the only random numbers that methods do not share."""
    return derive_seed("tangents", experiment, dataset, model, method, seed)
