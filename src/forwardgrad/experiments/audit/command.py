"""Command."""

import argparse


def audit(options: argparse.Namespace) -> int:
    """Compute what the defects of published reproductions do."""
    from forwardgrad.experiments.audit.compute import write

    write(options.defects, options.data, options.output, options.moments)
    return 0
