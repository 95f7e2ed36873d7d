"""Command."""

import argparse


def claim(options: argparse.Namespace) -> int:
    """Judge one claim by its evidence."""
    from forwardgrad.claims.verdicts import judge, write_row

    if missing := [key for key in ("id", "claim", "tolerances", "run", "published") if key not in options.claim]:
        options.usage.error(f"argument --claim: no {missing[0]!r}; ask by target: snakemake results/claims/ID.json")
    write_row(options.output, judge(options.claim))
    return 0
