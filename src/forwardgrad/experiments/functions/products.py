"""The tables and figures of the experiment `functions`."""

from forwardgrad.experiments.products import QUOTED, Product

VALUES, RUNS = "frames/functions.csv", "frames/functions-runs.csv"
COSTS, CONTRACTION = "frames/functions-costs.csv", "frames/functions-contraction.csv"
CONTRACTED = "tables/functions/contraction.csv"

TABLES = (
    Product(
        "tables/functions/outcomes.csv",
        "functions.tables:outcomes",
        (RUNS, QUOTED),
        "final values",
        "One row per test function and method: how many runs diverged, final values (median with its 95 % interval "
        "over seeds, lowest and highest), distance from the minimum, and the published value where there is one. A "
        "diverged run counts as infinite. FIG: read off a figure.",
    ),
    Product(
        CONTRACTED,
        "functions.tables:contraction",
        (CONTRACTION,),
        "one step on ||x||^2",
        "One row per dimension, method and learning rate: mean over tangents of the value after one step over the "
        "value before, 95 % interval over the seeds, and the theoretical mean. Below `limit` a step decreases the "
        "value on average.",
    ),
    Product(
        "tables/functions/costs.csv",
        "functions.tables:costs",
        (COSTS, QUOTED),
        "time of a step",
        "Time of one step on the paper's test functions, by backpropagation and by the framework's forward modes: "
        "median of interleaved repetitions with its 95 % interval.",
    ),
)

FIGURES = (
    Product(
        "figures/functions/{source}-{function}-loss.svg",
        "functions.figures.loss:loss",
        (VALUES, RUNS, QUOTED),
        "{function} ({source}): value by step",
        "Value above the minimum against the step.",
        given="settings",
    ),
    Product(
        "figures/functions/{source}-{function}-paths.svg",
        "functions.figures.paths:paths",
        (VALUES, RUNS),
        "{function} ({source}): paths",
        "Paths over the contours.",
        given="settings",
    ),
    Product(
        "figures/functions/spheres.svg",
        "functions.figures.spheres:spheres",
        (VALUES, RUNS, CONTRACTED),
        "||x||^2 in several dimensions",
        "Runs in several dimensions, and by what factor one step changes the value on average, measured and by theory.",
    ),
    Product(
        "figures/functions/cost.svg",
        "functions.figures.cost:cost",
        (COSTS, QUOTED),
        "time of a step",
        "Time of one step on the paper's functions, by backpropagation and by the framework's forward modes.",
    ),
)
