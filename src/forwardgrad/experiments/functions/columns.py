"""Columns of the frames of `functions`."""

DESCENTS = {
    "source": "whose settings the case has: paper (Baydin et al., 2022), gallo (Gallo, 2023), ours",
    "function": "name of the case: the test function, for spheres with its dimension",
    "method": "gradient_descent, or forward_ or two_point_ (differences) with the distribution of the tangents",
    "seed": "random seed of the tangents; 0 for gradient descent, which draws nothing",
    "step": "number of updates done",
    "value": "value of the function; inf or nan after an overflow",
    "x1": "first coordinate of the point; empty in more than two dimensions",
    "x2": "second coordinate",
}

DESCENT_RUNS = {
    **{name: DESCENTS[name] for name in ("source", "function", "method", "seed")},
    "learning_rate": "learning rate of the first step",
    "steps": "number of updates done, for a diverged run until the divergence was found",
    "status": "completed, or diverged: not finite or above 10,000 times the value at the start",
    "initial": "value of the function at the start",
    "peak": "highest value on the path, over the value at the start",
    "final": "value at the end",
    "minimum": "minimum of the function",
    "distance": "Euclidean distance between the final point and the minimiser; empty where minima are many",
    "trace": "trace of the Hessian at the final point: small at a flat minimum",
    "dimensions": "number of coordinates of a point",
}

# The measurements of one process, and their summary.
STEPS = {
    **{name: DESCENTS[name] for name in ("source", "function")},
    "method": "forward_* by torch.func.jvp; _dual: by torch.autograd.forward_ad; _added: 100*x replaced by a sum",
    "seconds_per_step": "processor seconds of one step of one run: lowest tenth of interleaved samples",
}

DESCENT_COSTS = {
    **STEPS,
    "seconds_per_step": STEPS["seconds_per_step"] + "; geometric mean over processes",
    "low": "lower end of its 95 % interval, Student's t over processes; empty for fewer than three processes",
    "high": "upper end",
    "ratio": "time of the step over that of gradient descent on the same form of the function, in the same process; "
    "geometric mean over processes",
    "ratio_low": "lower end of its 95 % interval",
    "ratio_high": "upper end",
    "processes": "number of processes behind the row",
}

TIMED = {
    **DESCENT_COSTS,
    "published": "published ratio of the times of whole loops; empty where none was published",
    "certainty": "of the published ratio; FIG: read off a figure",
}

CONTRACTION = {
    **{name: DESCENTS[name] for name in ("source", "function", "method", "seed")},
    "dimensions": DESCENT_RUNS["dimensions"],
    "learning_rate": "learning rate of the step",
    "limit": "learning rate below which a step decreases the function on average, by theory",
    "factor": "mean over the seed's tangents of the value after one step over the value before",
}

CONTRACTED = {
    **{name: CONTRACTION[name] for name in CONTRACTION if name not in ("seed", "factor")},
    "factor": "mean over the seeds of the value after one step over the value before",
    "low": "lower end of its 95 % interval over seeds; empty for fewer than three seeds",
    "high": "upper end of its 95 % interval over seeds",
    "expected": "theoretical mean",
}

OUTCOMES = {
    **{name: DESCENTS[name] for name in ("source", "function", "method")},
    "runs": "number of runs, one per seed",
    "diverged": "number of runs that diverged",
    "diverged_low": "lower end of the 95 % interval (Wilson) of the share of diverged runs; empty for fewer than three",
    "diverged_high": "upper end of the 95 % interval (Wilson) of the share of diverged runs",
    "minimum": DESCENT_RUNS["minimum"],
    "start": DESCENT_RUNS["initial"],
    "peak": "highest value over the value at the start, among the runs that did not diverge",
    "median": "median final value; a diverged run counts as inf",
    "median_low": "lower end of its 95 % bootstrap interval over seeds; empty for fewer than three seeds",
    "median_high": "upper end of its 95 % bootstrap interval over seeds",
    "lowest": "lowest final value",
    "highest": "highest final value; inf if a run diverged",
    "distance": "median distance between the final point and the minimiser; a diverged run counts as inf; "
    "empty where minima are many",
    "trace": "median trace of the Hessian at the final point; a diverged run counts as inf",
    "quoted": "published final value; empty where none was published",
    "certainty": "of the published value; FIG: read off a figure",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {"": DESCENTS, "-runs": DESCENT_RUNS, "-contraction": CONTRACTION, "-costs": DESCENT_COSTS}
QUERIED_TABLES = {}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "-costs": {
        "seconds_per_step": ("low", "high", "processes"),
        "ratio": ("ratio_low", "ratio_high", "processes"),
    },
}

# What is published of each frame: the table, and its columns.
PUBLISHED = {"-runs": ("functions", ("source", "function", "method", "seed", "status", "steps", "final", "trace"))}
