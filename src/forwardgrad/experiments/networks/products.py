"""The tables and figures of the experiment `networks`."""

from forwardgrad.experiments.products import Product

TABLES = ()

FIGURES = (
    Product(
        "figures/networks/cost-and-memory.svg",
        "networks.figures.cost_and_memory:cost_and_memory",
        ("frames/networks.csv",),
        "cost and memory of a step",
        "Time and peak memory of a step of every method, each relative to that of a backpropagation step.",
        given="sizes",
    ),
)
