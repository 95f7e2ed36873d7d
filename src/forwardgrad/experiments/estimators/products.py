"""The tables and figures of the experiment `estimators`."""

from forwardgrad.experiments.products import Product

FRAME = "frames/estimators.csv"

TABLES = (
    Product(
        "tables/estimators/summary.csv",
        "estimators.tables:summary",
        (FRAME,),
        "measured and formula",
        "Many estimates of one gradient of each network, in units of its norm: mean along it, squared bias, second "
        "moment and cosine, each with its 95 % interval and the value by formula, if there is one.",
    ),
)

FIGURES = (
    Product(
        "figures/estimators/variance.svg",
        "estimators.figures.variance:variance",
        ("frames/estimators-variance.csv",),
        "variance of the estimate",
        "Variance of estimates against the number of tangents, depth, batch size and training, beside its formula.",
    ),
    Product(
        "figures/estimators/curvature.svg",
        "estimators.figures.curvature:curvature",
        ("frames/estimators-curvature.csv",),
        "the price of structure per step",
        "Largest stable rates on quadratics, and the stability term on a network, by kind of tangent.",
    ),
    Product(
        "figures/estimators/moments.svg",
        "estimators.figures.moments:moments",
        (FRAME,),
        "measured over formula",
        "Measured values over those by formula, for every estimator and network.",
    ),
    Product(
        "figures/estimators/closing.svg",
        "estimators.figures.closing:closing",
        (FRAME,),
        "convergence of the sample mean",
        "Distance from the mean of many estimates to the gradient.",
    ),
    Product(
        "figures/estimators/cloud.svg",
        "estimators.figures.cloud:cloud",
        (FRAME, "frames/estimators-clouds.csv"),
        "single estimates",
        "Single estimates of one gradient, in a plane that holds it.",
    ),
)
