"""Command."""

import argparse


def estimates(options: argparse.Namespace) -> int:
    """Draw many estimates of one network's gradient and write what they come to."""
    from forwardgrad.experiments.estimators.sample import measure_network

    measure_network(
        options.dataset, options.model, options.data, options.estimators, options.draws, options.batch_size,
        options.output,
    )  # fmt: skip
    return 0
