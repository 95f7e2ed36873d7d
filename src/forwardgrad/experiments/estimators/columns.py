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
