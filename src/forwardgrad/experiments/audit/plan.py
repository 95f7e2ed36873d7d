"""What the audit makes: a table of what the defects of published reproductions do, and a figure."""

SPLITS = 20  # splits of penguins on which the audit computes
DATASET = "penguins"
TABLE = "results/tables/audit.csv"
MOMENTS = "results/frames/audit-moments.csv"
FIGURE = "results/figures/audit/second-moments.svg"


def seeds_of(dataset: str) -> int:
    """Return the number of seeds that a data set must be split for."""
    return SPLITS if dataset == DATASET else 1
