"""Columns of the frames of `functions`."""

DESCENTS = {
    "source": "whose settings the case has: paper (Baydin et al., 2022), gallo (Gallo, 2023), ours",
    "function": "name of the case: the test function, for spheres with its dimension",
    "method": "gradient_descent, or forward_ with the distribution of the directions",
    "seed": "random seed of the directions; 0 for gradient descent, which draws nothing",
    "step": "number of updates done",
    "value": "value of the function there; inf or nan where it overflowed",
    "x1": "first coordinate of the point; empty in more than two dimensions",
    "x2": "second coordinate",
}

DESCENT_RUNS = {
    **{name: DESCENTS[name] for name in ("source", "function", "method", "seed")},
    "learning_rate": "rate of the first step",
    "steps": "number of updates done; where it diverged, until that was found",
    "status": "completed, or diverged: not finite or above 10,000 times the value at the start",
    "initial": "value of the function at the start",
    "peak": "highest value passed through over that at the start",
    "final": "value at the end",
    "minimum": "least value that the function has",
    "distance": "Euclidean distance of the end from the place of the minimum",
    "dimensions": "number of coordinates of a point",
}

DESCENT_COSTS = {
    **{name: DESCENTS[name] for name in ("source", "function")},
    "method": "as above, forward by torch.func.jvp; _dual: by torch.autograd.forward_ad; _added: no product by 100",
    "seconds_per_step": "median wall seconds of one step of one descent, interleaved with the other methods, alone",
    "low": "lower end of the 95 % interval of that median",
    "high": "upper end of the 95 % interval of that median",
    "n": "number of interleaved samples",
    "ratio": "time of the step over that of gradient descent on the function as it is written there, paired by round",
    "ratio_low": "lower end of the 95 % interval of ratio, from whole rounds resampled",
    "ratio_high": "upper end of the 95 % interval of ratio",
}

TIMED = {
    **DESCENT_COSTS,
    "published": "published ratio of the whole loops' times; empty where none was",
    "certainty": "of the published ratio: FIG, read off a figure",
}

CONTRACTION = {
    **{name: DESCENTS[name] for name in ("source", "function", "method", "seed")},
    "dimensions": DESCENT_RUNS["dimensions"],
    "learning_rate": "rate of the step",
    "limit": "rate below which theory has a step decrease the function on average",
    "factor": "mean over the seed's directions of the value after one step over the value before",
}

CONTRACTED = {
    **{name: CONTRACTION[name] for name in CONTRACTION if name not in ("seed", "factor")},
    "factor": "mean over the seeds of the value after one step over the value before",
    "low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "high": "upper end of its 95 % bootstrap interval over seeds",
    "expected": "what theory has the mean be",
}

OUTCOMES = {
    **{name: DESCENTS[name] for name in ("source", "function", "method")},
    "runs": "number of descents, one per seed",
    "diverged": "descents that diverged",
    "diverged_low": "lower end of the 95 % interval (Wilson) of the share that diverges; empty for fewer than three",
    "diverged_high": "upper end of the 95 % interval (Wilson) of the share that diverges",
    "minimum": DESCENT_RUNS["minimum"],
    "start": DESCENT_RUNS["initial"],
    "peak": "highest value over that at the start among the descents that did not diverge",
    "median": "median final value, a diverged descent counting as inf",
    "median_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three",
    "median_high": "upper end of its 95 % bootstrap interval over seeds",
    "lowest": "lowest final value",
    "highest": "highest final value; inf if a descent diverged",
    "distance": "median distance of the end from the place of the minimum, a diverged descent counting as inf",
    "quoted": "final value that was published; empty where none was",
    "certainty": "of the published value: FIG, read off a figure",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {"": DESCENTS, "-runs": DESCENT_RUNS, "-contraction": CONTRACTION, "-costs": DESCENT_COSTS}
QUERIED_TABLES = {}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "-costs": {"seconds_per_step": ("low", "high", "n"), "ratio": ("ratio_low", "ratio_high", "n")},
}

# What is published of each frame: the table, and its columns.
PUBLISHED = {"-runs": ("functions", ("source", "function", "method", "seed", "status", "steps", "final"))}
