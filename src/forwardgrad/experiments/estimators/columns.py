"""Columns of the frames of `estimators`."""

SAMPLED = {
    "estimator": "estimator key",
    "quantity": "along, bias, second_moment, uphill, cosine, cosine_squared or distance; the gradient's norm is 1",
    "measured": "mean over the estimates; bias: an unbiased estimate of its square; distance: that of their mean",
    "error": "standard error of measured; empty for uphill and distance",
    "freedom": "degrees of freedom of the error",
    "draws": "number of estimates behind the row",
    "formula": "theoretical value; empty where there is no formula",
}

CLOUD = {
    "estimator": "estimator key",
    "draw": "index of the estimate",
    "along": "its component along the gradient, in units of the gradient's norm",
    "across": "its component along a random direction orthogonal to the gradient",
}

ESTIMATORS = {
    "estimator": SAMPLED["estimator"],
    "network": "model key",
    "n": "number of parameters",
    "quantity": SAMPLED["quantity"],
    "measured": SAMPLED["measured"],
    "low": "lower end of the 95 % interval of measured (Student's t); empty for distance",
    "high": "upper end",
    "formula": SAMPLED["formula"],
    "draws": SAMPLED["draws"],
}

CURVATURE = {
    "problem": "kronecker or random: a quadratic of one layer; laws: a gradient of 12 entries; or a model key",
    "estimator": "estimator key; for laws the law of the tangents' components",
    "quantity": "stable_rate: the largest rate at which the mean loss vanishes, over 2 / tr H; "
    "term: E[(g.v)^2 v'Nv] over ||g||^2 tr N, N the Gauss-Newton matrix; error: E||estimate - g||^2 over ||g||^2",
    "measured": "mean over the draws; of stable_rate over seeds",
    "low": "lower end of the 95 % interval of measured (Student's t)",
    "high": "upper end",
    "formula": "theoretical value; empty where there is no formula",
    "draws": "number of tangents, of seeds for stable_rate, behind the row",
}

VARIANCE = {
    "sweep": "what is varied: tangents, depth, batch_size or steps",
    "estimator": "estimator key",
    "network": "model key",
    "depth": "number of hidden layers",
    "width": "units of each",
    "batch_size": "examples in the batch",
    "steps": "steps of backpropagation before",
    "tangents": "K, the number of tangents of a layer and example; 1 for estimators along one tangent of all layers",
    "measured": "mean over the estimates g of ||g - G||^2 / ||G||^2, G the gradient",
    "low": "lower end of the 95 % interval of measured (Student's t)",
    "high": "upper end",
    "formula": "theoretical value",
    "draws": "number of estimates behind the row",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {
    "": ESTIMATORS,
    "-clouds": {"network": ESTIMATORS["network"], **CLOUD},
    "-curvature": CURVATURE,
    "-variance": VARIANCE,
}
QUERIED_TABLES = {}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {suffix: {"measured": ("low", "high", "draws")} for suffix in ("", "-curvature", "-variance")}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "": ("estimators", ("estimator", "network", "quantity", "draws", "measured", "low", "high", "formula")),
    "-curvature": ("curvature", tuple(CURVATURE)),
    "-variance": ("variance", tuple(VARIANCE)),
}
