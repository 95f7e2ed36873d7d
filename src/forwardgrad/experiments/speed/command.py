"""Command."""

import argparse
from functools import partial


def bench(options: argparse.Namespace) -> int:
    """Measure what a step of every method costs; needs torch and numpy alone."""
    if not options.models and not options.depths:
        options.usage.error("give --models, --depths or both")
    from forwardgrad.experiments.speed.bench import METHODS, bench
    from forwardgrad.files import write_json
    from forwardgrad.machine import graphs, provenance

    if reason := graphs.obstacle(options.device):
        options.usage.error(f"argument --device: {reason}")
    rows = bench(
        options.models, options.batch_size, options.depths, options.methods or METHODS, options.threads,
        options.device, options.seconds, options.rounds, options.memory, report=partial(print, flush=True),
    )  # fmt: skip
    write_json(options.json, rows)
    if options.record:
        write_json(options.record, provenance.made_here(options.threads, graphs.name(options.device)))
    return 0
