"""Words for people: the only place where keys of the configuration become labels, and numbers become text."""

import math
from collections.abc import Callable, Iterable
from decimal import Decimal

from forwardgrad.catalogue import ADAM, AT, estimators, network_parts, problems

DATASETS = {key: entry.label for key, entry in problems.DATASETS.items()}
MODELS = {key: entry.label for key, entry in problems.MODELS.items()} | problems.ARCHITECTURES
ESTIMATORS = {key: entry.label for key, entry in estimators.ESTIMATORS.items()}

METHODS = {
    "gradient_descent": "Gradient descent",
    "two_point_gaussian": "Two-point difference, Gaussian",
    "faithful_forward": "Forward gradient, as the students ran it",
    "faithful_backprop": "Backpropagation, as the students ran it",
    "backprop_rate_2x": "Backpropagation, twice the rate",
    "backprop_scaled": "Backpropagation, initial weights scaled up",
    "noisy_backprop_rescaled": "Backpropagation with noise, norm of the weights kept",
    **{key: entry.label for key, entry in estimators.BASELINES.items()},
}

TANGENTS = {"gaussian": "Gaussian", "standardised": "Standardised", "uniform": "Uniform on [0, 1)"}

# Test functions by the name of the case.
FUNCTIONS = {"beale": "Beale", "rosenbrock": "Rosenbrock", "sum_squares": "sum of squares", "trid": "trid"}

SOURCES = {"paper": "Baydin et al. (2022)", "gallo": "Gallo (2023)", "ours": "this project"}

# How a step on a test function is made.
STEPS = {
    "gradient_descent": "Backpropagation",
    "gradient_descent_added": "Backpropagation",
    "forward_gaussian": "Forward, torch.func.jvp",
    "forward_gaussian_dual": "Forward, torch.autograd.forward_ad",
    "forward_gaussian_dual_added": "Forward, torch.autograd.forward_ad",
}

COST_MODELS = {
    "engine": "this project\u2019s step",
    "engine_gathered": "this project\u2019s step, and gathering the batch",
    "stock": "stock forward mode: torch.func.jvp or forward_ad, the faster",
}

STUDENTS = "Ramirez Palacios and Perez Barreales (2023), one run"

PAPER = "Baydin et al. (2022), dense Gaussian"

SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")

METRICS = {
    "train_loss": "Training loss (nats)",
    "validation_loss": "Validation loss (nats)",
    "validation_accuracy": "Validation accuracy",
    "weight_norm": "Norm of all weights",
    "cosine": "Cosine with the gradient",
    "test_loss": "Test loss (nats)",
    "test_accuracy": "Test accuracy",
    "test_misclassified": "Misclassified test examples",
}


def dataset(key: str) -> str:
    """Label of a data set."""
    return DATASETS.get(key, key)


def model(key: str) -> str:
    """Label of a model."""
    return MODELS.get(key, key)


def cell(dataset_key: str, model_key: str) -> str:
    """Label of a data set with a model."""
    return f"{dataset(dataset_key)}: {model(model_key)}"


def method(key: str, estimator: str) -> str:
    """Label of a method: its own, or its estimator's with what the method's name adds to the estimator's."""
    if key in METHODS:
        return METHODS[key]
    label = ESTIMATORS.get(estimator, estimator)
    addition = key.removeprefix(estimator).strip("_").replace("_", " ").replace(AT, "learning rate ")
    return f"{label}, {addition}" if addition else label


def estimator(key: str) -> str:
    """Label of an estimator or a baseline, with Adam where that takes the step."""
    plain = key.removesuffix(ADAM)
    return method(plain, plain) + (", Adam" if plain != key else "")


def variant(label: str) -> str:
    """What tells a forward gradient from the others: its label without the words that they share."""
    return label.removeprefix("Forward gradient, ")


def place(key: str, ratio: float) -> str:
    """Where an interval of loss ratios lies against the band of no difference (`comparison.place`)."""
    outside = f"outside the band: {'lower' if ratio < 1 else 'higher'} loss"
    return {"inside": "inside the band", "outside": outside, "overlaps": "overlaps the band\u2019s edge"}.get(key, "")


def function(key: str) -> str:
    """Label of a test function by the name of its case; spheres are named by their dimension."""
    name, _, dimension = key.rpartition("_")
    return f"{name}, {dimension} dimensions" if dimension.isdecimal() else FUNCTIONS.get(key, key)


def case(source: str, key: str) -> str:
    """Label of a test function with whose settings it has."""
    label = function(key)
    return f"{label[:1].upper()}{label[1:]}, {SOURCES.get(source, source)}"


def number(value: float, digits: int = 3) -> str:
    """`value` with `digits` significant digits, thousands separated; inf is 'never', nan a dash."""
    if math.isnan(value):
        return "\u2013"
    if math.isinf(value):
        return "never"
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if abs(rounded) >= 1e7 or abs(rounded) < 1e-4:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        return f"{mantissa}\u00a0\u00d7\u00a010{str(int(exponent)).translate(SUPERSCRIPTS)}"
    return f"{rounded:,.{max(places, 0)}f}"


def count(value: float) -> str:
    """A count: no digits after the point, except a median's half; inf is 'never', nan a dash."""
    if not math.isfinite(value):
        return number(value)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def loss(value: float) -> str:
    """A loss, to four significant digits."""
    return number(value, 4)


def ratio(value: float) -> str:
    """A ratio near one, or a share, to a thousandth; nan a dash."""
    return "\u2013" if math.isnan(value) else f"{value:.3f}"


accuracy = ratio


def loss_or_diverged(value: float) -> str:
    """A loss that may be infinite, to three significant digits."""
    return "diverged" if math.isinf(value) else number(value)


def tenths(value: float) -> str:
    """A mean of counts, to one digit after the point."""
    return f"{value:,.1f}"


def seconds(value: float) -> str:
    """A duration in the unit that suits it."""
    if math.isnan(value):
        return "\u2013"
    for unit, scale in (("s", 1.0), ("ms", 1e-3)):
        if abs(value) >= scale:
            return f"{number(value / scale)}\u00a0{unit}"
    return f"{number(value / 1e-6)}\u00a0\u00b5s"


def duration(value: float) -> str:
    """A time until something happens: inf is 'never'."""
    return "never" if math.isinf(value) else seconds(value)


def budget(unit: str, amount: float) -> str:
    """So many steps, forward passes or seconds."""
    if unit == "seconds":
        return seconds(amount)
    return f"{count(round(amount))} {'forward passes' if unit == 'passes' else 'steps'}"


def plural(n: int, noun: str) -> str:
    """`1 seed`, `20 seeds`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def plurals(counts: Iterable[int], noun: str) -> str:
    """`20 seeds`, or `3 to 20 seeds` where the counts differ; no counts are 0."""
    counts = [int(n) for n in counts] or [0]
    fewest = f"{min(counts):,} to " if min(counts) < max(counts) else ""
    return fewest + plural(max(counts), noun)


def network(model_key: str, depth: float) -> str:
    """Label of a network: a model, or one of another width or, for the paper's MLP, another number of hidden layers."""
    base, axis, number = network_parts(model_key)
    if axis:
        return f"MLP, hidden layers of {number:,}" if base == "mlp" else f"CNN, {plural(number, 'channel')}"
    if model_key != "mlp" or depth == 2:
        return model(model_key)
    return f"MLP, {plural(int(depth), 'hidden layer')} of 1,024"


def signed(value: float, text: Callable[[float], str]) -> str:
    """`text` of `value` with its sign, a true minus."""
    return ("+" if value > 0 else "\u2212" if value < 0 else "") + text(abs(value))


def quoted(value: str) -> str:
    """A quoted number as it was published, a range with its proper dash."""
    return value.replace("-", "\u2013")


def quoted_seconds(value: str) -> str:
    """A quoted duration in the unit that suits it, with the digits that were published."""
    amount = Decimal(value)
    return f"{amount} s" if amount >= 1 else f"{amount.scaleb(3)} ms"
