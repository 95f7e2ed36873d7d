"""Command."""

import argparse
import sys


def verify(options: argparse.Namespace) -> int:
    """Compare results with the published reference; 1 if they differ where they should not."""
    from forwardgrad.reference import publish as reference
    from forwardgrad.reference import verify

    published, made_by = reference.load(options.reference)
    if not (options.results / "frames").is_dir():
        print(f"forwardgrad: {options.results} holds no frames: run `snakemake --cores all` first", file=sys.stderr)
        return 1
    changed = verify.circumstances(reference.record(options.results), made_by)
    checks = verify.compare(reference.gather(options.results), published, changed)
    print(verify.as_text(checks, changed))
    return int(verify.failed(checks))
