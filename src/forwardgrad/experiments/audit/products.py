"""The table and the figure of the audit."""

from forwardgrad.experiments.products import Product

MOMENTS = "frames/audit-moments.csv"

TABLES = ()  # `forwardgrad audit` writes the table itself

FIGURES = (
    Product(
        "figures/audit/second-moments.svg",
        "audit.figures.second_moments:second_moments",
        (MOMENTS,),
        "second moments of tangents",
        "Second moments of three kinds of tangent, measured.",
    ),
)
