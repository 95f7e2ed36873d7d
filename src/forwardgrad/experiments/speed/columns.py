"""Columns of the frames of `speed`."""

BENCH = {
    "model": "model key; `mlp` for the paper's MLP of any depth",
    "method": "estimator key, or a baseline: evaluation, backprop_compiled, backprop_by_hand, jvp, forward_ad",
    "batch_size": "examples in one step",
    "depth": "number of hidden layers; empty for convolutional networks",
    "threads": "threads used for the measurement",
    "device": "cpu or cuda",
    "seconds": "median wall seconds of one step, interleaved with the network's other methods; empty if not measured",
    "ratio_to_evaluation": "that over the seconds of an evaluation, a forward pass with loss: the paper's R",
    "ratio_to_backprop": "the same over the fastest library backpropagation: R_f / R_b",
    "low": "lower end of the 95 % interval of ratio_to_backprop within this process, from whole rounds resampled",
    "high": "upper end",
    "ratio_to_backprop_by_hand": "the same over backpropagation written by hand, updates in place",
    "flop_floor": "multiply-adds of the step over those of a backpropagation step, draws and updates not counted",
    "peak_bytes": "peak memory of steps beyond what was held before, in a process of its own; empty if not measured",
    "note": "why the row has no measurement",
}

# The measurements of one network in several processes, and what they come to. A program that is started again finds
# other places in memory, and its ratios differ by more than the rounds of one process show.
PROCESSES = {
    "device": BENCH["device"],
    "model": BENCH["model"],
    "depth": BENCH["depth"],
    "batch_size": BENCH["batch_size"],
    "method": BENCH["method"],
    "process": "which of the processes that measured the network independently: 0, 1, ...",
    "seconds": BENCH["seconds"],
    "ratio_to_evaluation": BENCH["ratio_to_evaluation"],
    "ratio_to_backprop": BENCH["ratio_to_backprop"],
    "ratio_to_backprop_by_hand": BENCH["ratio_to_backprop_by_hand"],
}

SPEED = {
    **BENCH,
    "seconds": "median of the processes' medians of wall seconds of one step; empty if not measured",
    "ratio_to_evaluation": "R, the seconds over those of an evaluation: geometric mean of the processes' ratios",
    "ratio_to_backprop": "R_f / R_b, over the fastest library backpropagation: geometric mean of the processes' ratios",
    "low": "lower end of its 95 % interval, Student's over the processes; empty for fewer than three of them",
    "ratio_to_backprop_by_hand": "the same over backpropagation written by hand, updates in place",
    "R_low": "lower end of the 95 % interval of ratio_to_evaluation",
    "R_high": "upper end",
    "by_hand_low": "lower end of the 95 % interval of ratio_to_backprop_by_hand",
    "by_hand_high": "upper end",
    "processes": "number of processes behind the row",
}

RATIOS = {
    "source": "measured, or whose published number it is",
    "device": BENCH["device"],
    "model": BENCH["model"],
    "depth": BENCH["depth"],
    "batch_size": BENCH["batch_size"],
    "method": BENCH["method"],
    "R": "cost of a step over that of an evaluation",
    "R_low": "lower end of its 95 % interval; empty for published numbers",
    "R_high": "upper end",
    "R_backprop": "cost of a backpropagation step over that of an evaluation",
    "ratio": "R over R_backprop",
    "low": "lower end of its 95 % interval; empty for published numbers",
    "high": "upper end",
    "ratio_by_hand": SPEED["ratio_to_backprop_by_hand"],
    "by_hand_low": "lower end of its 95 % interval",
    "by_hand_high": "upper end",
    "processes": SPEED["processes"],
    "floor": BENCH["flop_floor"],
    "certainty": "of published numbers: FIG, read off a figure; UNV, unverified",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {"": SPEED, "-processes": PROCESSES}
QUERIED_TABLES = {}

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "": {
        "ratio_to_backprop": ("low", "high", "processes"),
        "ratio_to_evaluation": ("R_low", "R_high", "processes"),
        "ratio_to_backprop_by_hand": ("by_hand_low", "by_hand_high", "processes"),
    },
}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "": (
        "speed",
        (
            "device", "model", "depth", "batch_size", "method", "threads", "seconds", "ratio_to_evaluation",
            "ratio_to_backprop", "low", "high", "ratio_to_backprop_by_hand", "peak_bytes",
        ),
    ),
}  # fmt: skip
