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
    "seconds": "wall seconds spent in updates so far, without evaluations; other jobs may have run at the same time",
}

COSTS = {
    **{key: meaning for key, meaning in IDENTITY.items() if key != "seed"},
    "estimator": "estimator key",
    "threads": "threads used for the measurement",
    "batch_size": "examples in one step",
    "seconds_per_step": "median wall seconds of one update, methods interleaved, nothing else running",
    "low": "lower end of the 95 % interval of that median",
    "high": "upper end of the 95 % interval of that median",
    "seconds_in_memory": "the same with the batch already in memory; the difference is the time to load the batch",
    "in_memory_low": "lower end of its 95 % interval",
    "in_memory_high": "upper end",
    "repetitions": "number of interleaved samples",
    "whole_steps": "updates in one whole timed run, a check",
    "whole_seconds": "wall seconds of those updates",
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
    "seconds": "wall seconds of all updates; other jobs may have run at the same time",
    "parameters": "number of trained parameters",
    "source": "where the data came from",
}

COST_MODELS = {
    "engine": "this project's step, measured alone, batch gathered",
    "engine_in_memory": "the same, the batch in memory already",
    "engine_whole_run": "the same, from one whole timed run",
    "stock": "the forward mode of the stock framework: torch.func.jvp as the experiment speed measures it",
}

TIMES_TO_LOSS = {
    **METHOD,
    "against": "method key of the backpropagation it is compared with",
    "seed": "random seed of both runs",
    "cost": "whose time a step has: " + "; ".join(f"{key}, {meaning}" for key, meaning in COST_MODELS.items()),
    "T_f": "seconds until the validation loss is at or below the one that backpropagation ends with; inf if never",
    "T_b": "seconds until backpropagation ends its run",
    "ratio": "T_f over T_b; inf if never",
    "bound": "seconds until the run ends, over T_b: the ratio is larger if the loss was never reached",
    "reached": "whether the loss was reached",
}

# The frames of an experiment, by what follows its name, and tables that a claim may query like a frame.
FRAMES = {"": {**IDENTITY, **METRICS}, "-runs": RUNS, "-costs": COSTS}
QUERIED_TABLES = {"-times": TIMES_TO_LOSS}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "-costs": {
        "seconds_per_step": ("low", "high", "repetitions"),
        "seconds_in_memory": ("in_memory_low", "in_memory_high", "repetitions"),
    },
}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "-runs": ("runs", (*IDENTITY, "status", "steps", "train_loss", "test_loss", "test_accuracy")),
    "-costs": ("costs", (*list(IDENTITY)[:-1], "threads", "seconds_per_step", "low", "high")),
}
