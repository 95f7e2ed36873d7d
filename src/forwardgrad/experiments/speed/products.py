"""The tables and figures of the experiment `speed`."""

from forwardgrad.experiments.products import QUOTED, Product

FRAME, PROCESSES = "frames/speed.csv", "frames/speed-processes.csv"
REGIMES = "tables/speed/regimes.csv"

TABLES = (
    Product(
        "tables/speed/ratios.csv",
        "speed.tables:ratios",
        (FRAME, QUOTED),
        "cost of a step",
        "One row per device, network, batch size and method: cost over an evaluation (R), over backpropagation "
        "with its 95 % interval, over backpropagation written by hand, and the ratio of multiply-adds. The last "
        "rows are the paper's, with how certain each number is: FIG was read off a figure, UNV is unverified.",
    ),
    Product(
        REGIMES,
        "speed.regime:regimes",
        (FRAME, PROCESSES),
        "overhead and arithmetic",
        "One row per device and method: overhead of an operation, rate of multiply-adds and time for each parameter, "
        "fitted to all networks and batch sizes, with the errors of the fit, and the number of parameters from which "
        "on a step costs as much as one of backpropagation, measured and by the model.",
    ),
)

FIGURES = (
    Product(
        "figures/speed/{device}-cost.svg",
        "speed.figures.cost:cost",
        (FRAME, QUOTED),
        "{device}: cost of a step by method",
        "Cost of a step of every method relative to the fastest backpropagation step of the library.",
    ),
    Product(
        "figures/speed/{device}-parts.svg",
        "speed.figures.parts:parts",
        (FRAME,),
        "{device}: parts of a step",
        "Time of a step by its parts: drawing the tangent, forward pass, backward pass, update.",
    ),
    Product(
        "figures/speed/{device}-methods.svg",
        "speed.figures.parts:all_parts",
        (FRAME,),
        "{device}: parts of a step by every method",
        "Time of a step of every method by its parts.",
    ),
    Product(
        "figures/speed/{device}-size.svg",
        "speed.figures.size:size",
        (FRAME, REGIMES, QUOTED),
        "{device}: cost against size",
        "Cost of a step relative to backpropagation, and in seconds, against the number of parameters.",
    ),
    Product(
        "figures/speed/{device}-depth.svg",
        "speed.figures.lines:depth",
        (FRAME, QUOTED),
        "{device}: cost against depth",
        "Cost of a step relative to backpropagation, against the number of hidden layers.",
    ),
    Product(
        "figures/speed/{device}-memory.svg",
        "speed.figures.lines:memory",
        (FRAME,),
        "{device}: memory of a step",
        "Peak memory of a step beyond the parameters, against depth, width and batch size.",
    ),
    Product(
        "figures/speed/{device}-batch.svg",
        "speed.figures.lines:batch",
        (FRAME,),
        "{device}: cost against batch size",
        "Cost of a step relative to backpropagation, against the batch size.",
    ),
)
