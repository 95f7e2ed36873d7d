"""Columns of the frames of experiments that train networks, with their meanings; writers and readers share them."""

IDENTITY = {
    "experiment": "name of the experiment in the configuration",
    "dataset": "data set key",
    "model": "model key",
    "method": "method key, an entry of the configuration",
    "seed": "random seed of the run; methods with the same seed share split, initial weights and batch order",
}

METHOD = {"dataset": "data set key", "model": "model key", "method": "method key", "estimator": "estimator key"}

METRICS = {
    "step": "number of updates done",
    "status": "running, or how the run ended: threshold, completed (all steps done) or diverged",
    "train_loss": "mean cross-entropy in nats over the training split",
    "validation_loss": "the same over the validation split; empty where there is none",
    "test_loss": "the same over the test split",
    "train_accuracy": "share of the training split classified correctly",
    "validation_accuracy": "the same for the validation split; empty where there is none",
    "test_accuracy": "the same for the test split",
    "test_misclassified": "number of test examples classified wrongly",
    "weight_norm": "Euclidean norm of all parameters together",
    "cosine": "mean cosine between fresh estimates and the gradient of one batch; empty where the cell has no probes",
}

TIMES = {
    "step": "number of updates done",
    "seconds": "processor seconds spent in updates so far, batches gathered, without evaluations",
}

COSTS = {
    **{key: meaning for key, meaning in IDENTITY.items() if key != "seed"},
    "estimator": "estimator key",
    "batch_size": "examples in one step",
    "threads": "threads used for the measurement",
    "seconds_per_step": "processor seconds of one step, the batch in memory",
    "low": "lower end of its 95 % interval over processes",
    "high": "upper end",
    "gathering": "processor seconds to gather a batch, which come on top; 0 where the whole split is one batch",
    "ratio": "seconds of the step over those of the library's fastest backpropagation with SGD on this network",
    "ratio_low": "lower end of its 95 % interval over processes",
    "ratio_high": "upper end",
    "stock": "seconds of the step in the framework's own forward mode, the faster of torch.func.jvp and "
    "torch.autograd.forward_ad; for backpropagation its own; empty for other tangents than dense Gaussian ones",
    "stock_ratio": "the same over those of backpropagation",
    "stock_low": "lower end of its 95 % interval over processes",
    "stock_high": "upper end",
    "peak_bytes": "peak bytes of a step beyond parameters and data; empty if not measured",
    "processes": "number of processes behind the row",
}

ENDINGS = ("threshold", "completed", "diverged")

RUNS = {
    **IDENTITY,
    "estimator": "estimator key",
    "learning_rate": "learning rate of the first step",
    "status": "how the run ended: " + ", ".join(ENDINGS),
    "steps": "number of updates done",
    **{name: meaning for name, meaning in METRICS.items() if name not in ("step", "status")},
    "threshold": "loss at which the run stops; empty if none",
    "seconds": "processor seconds of all updates, batches gathered",
    "parameters": "number of trained parameters",
    "source": "where the data came from",
}

COST_MODELS = {
    "engine": "this project's step",
    "engine_gathered": "the same, and the batch gathered",
    "stock": "the faster of torch.func.jvp and torch.autograd.forward_ad",
}

TIMES_TO_LOSS = {
    **METHOD,
    "against": "method key of the backpropagation it is compared with",
    "seed": "random seed of both runs",
    "cost": "whose time a step has: " + "; ".join(f"{key}, {meaning}" for key, meaning in COST_MODELS.items()),
    "T_f": "seconds until the validation loss is at or below the one that backpropagation ends with; inf if never",
    "T_b": "seconds until backpropagation ends its run",
    "iterations": "iterations until then over those of backpropagation; inf if never",
    "ratio": "T_f over T_b: iterations times the ratio of costs; inf if never",
    "bound": "seconds until the run ends, over T_b: the ratio is larger if the loss was never reached",
    "reached": "whether the loss was reached, or the run ended within the band of no difference, which counts as "
    "reached at its end",
    "in_band": "whether it was not reached, but the run ended within the band of no difference",
    "cost_ratio": "ratio of the costs of a step",
    "cost_low": "lower end of its 95 % interval over processes",
    "cost_high": "upper end",
}

TIMES_SUMMARY = {
    **{name: TIMES_TO_LOSS[name] for name in ("dataset", "model", "method", "estimator", "against", "cost")},
    "runs": "number of seeds at which backpropagation did not diverge",
    "reached": "number of them at which the loss was reached",
    "T_f": "median over these seeds; inf if half of them never got there",
    "T_b": "median over these seeds",
    "in_band": "number of those that ended within the band of no difference",
    "iterations": "median of iterations until then over those of backpropagation; inf for never",
    "iterations_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "iterations_high": "upper end",
    "ratio": "median of T_f over T_b: iterations times cost_ratio; inf if half of them never got there",
    "low": "lower end of its 95 % interval, over seeds and over processes of the costs; empty for fewer than three",
    "high": "upper end; inf if it cannot be bounded",
    **{name: TIMES_TO_LOSS[name] for name in ("cost_ratio", "cost_low", "cost_high")},
    "bound": "lowest of the bounds of runs that never got there; empty if all did",
    "T_f_quoted": "the paper's, in seconds on its GPU",
    "T_b_quoted": "the paper's",
    "ratio_quoted": "the paper's",
    "certainty": "of the paper's numbers: FIG, read off a figure; UNV, unverified",
}

PARETO = {
    **METHOD,
    "learning_rate": "rate of the first step",
    "budget": "processor seconds of backpropagation's run",
    "ratio": "seconds of a step and its batch over those of the cell's backpropagation",
    "steps": "steps that the budget has room for",
    "runs": "number of runs that did not diverge",
    "diverged": "number of runs that did",
    "test_accuracy": "mean test accuracy of these runs when the budget is spent",
    "test_accuracy_low": "lower end of its 95 % interval over seeds; empty for fewer than three",
    "test_accuracy_high": "upper end",
    "difference": "mean over seeds of that minus backpropagation's at the same seed",
    "low": "lower end of its 95 % interval over seeds; empty for fewer than three pairs",
    "high": "upper end",
    "pairs": "seeds at which neither diverged",
}

# The frames of an experiment, by what follows its name, and tables that a claim may query like a frame.
FRAMES = {"": {**IDENTITY, **METRICS}, "-runs": RUNS, "-costs": COSTS}
QUERIED_TABLES = {"-times-summary": TIMES_SUMMARY, "-pareto": PARETO}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "-costs": {
        "seconds_per_step": ("low", "high", "processes"),
        "ratio": ("ratio_low", "ratio_high", "processes"),
        "stock_ratio": ("stock_low", "stock_high", "processes"),
    },
    "-times-summary": {
        "ratio": ("low", "high", "runs"),
        "iterations": ("iterations_low", "iterations_high", "runs"),
    },
    "-pareto": {"difference": ("low", "high", "pairs")},
}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "-runs": ("runs", (*IDENTITY, "status", "steps", "train_loss", "test_loss", "test_accuracy")),
    "-costs": ("costs", (*list(IDENTITY)[:-1], "threads", "seconds_per_step", "ratio", "ratio_low", "ratio_high")),
}
