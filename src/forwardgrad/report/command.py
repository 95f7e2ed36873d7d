"""Command."""

import argparse


def notebook(options: argparse.Namespace) -> int:
    """Execute a notebook and write its page."""
    from forwardgrad.report.notebook import render

    render(options.source, options.output, options.templates, options.parameters)
    return 0
