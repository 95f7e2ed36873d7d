"""Columns of the frames of `speed`."""

BENCH = {
    "model": "model key; `mlp` for the paper's MLP of any depth",
    "method": "estimator key, or a baseline: evaluation, backprop_compiled, backprop_by_hand, jvp, forward_ad",
    "batch_size": "examples in one step",
    "depth": "number of hidden layers; empty for convolutional networks",
    "threads": "threads used for the measurement",
    "device": "cpu or cuda",
    "seconds": "median wall seconds of one step, interleaved with the network's other methods; empty if not measured",
    "ratio_to_evaluation": "R: seconds over those of an evaluation, a forward pass with loss",
    "ratio_to_backprop": "R / R_b: seconds over those of the library's fastest backpropagation",
    "low": "lower end of the 95 % interval of ratio_to_backprop within this process, by resampling whole rounds",
    "high": "upper end",
    "ratio_to_backprop_by_hand": "seconds over those of backpropagation written by hand, with updates in place",
    "flop_floor": "multiply-adds of the step over those of a backpropagation step; draws and updates are not counted",
    "peak_bytes": "peak bytes of a step beyond those allocated before, in a process of its own; empty if not measured",
    "note": "why the row has no measurement",
}

NETWORK = ("device", "model", "depth", "batch_size")
IDENTITY = (*NETWORK, "method")

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "": {
        "ratio_to_evaluation": ("R_low", "R_high", "processes"),
        "ratio_to_backprop": ("low", "high", "processes"),
        "ratio_to_backprop_by_hand": ("by_hand_low", "by_hand_high", "processes"),
    },
}

# The measurements of one network in several processes, and their summary. Memory layout differs between processes, and
# ratios vary more between them than between the rounds of one process.
PROCESSES = {
    **{name: BENCH[name] for name in IDENTITY},
    "process": "number of the process: 0, 1, ...; processes measure the network independently",
    **{name: BENCH[name] for name in ("seconds", *INTERVALS[""])},
}

SPEED = {
    **BENCH,
    "seconds": "median over processes of the median wall seconds of one step; empty if not measured",
    "ratio_to_evaluation": "R: seconds over those of an evaluation, geometric mean over processes",
    "ratio_to_backprop": "R / R_b, with the library's fastest backpropagation: geometric mean over processes",
    "low": "lower end of its 95 % interval, Student's t over processes; empty for fewer than three processes",
    "R_low": "lower end of the 95 % interval of ratio_to_evaluation",
    "R_high": "upper end",
    "by_hand_low": "lower end of the 95 % interval of ratio_to_backprop_by_hand",
    "by_hand_high": "upper end",
    "processes": "number of processes behind the row",
}

RATIOS = {
    "source": "measured, or the source of a published number",
    **{name: BENCH[name] for name in IDENTITY},
    "R": "time of a step over that of an evaluation",
    "R_low": "lower end of its 95 % interval; empty for published numbers",
    "R_high": "upper end",
    "R_backprop": "time of a backpropagation step over that of an evaluation",
    "ratio": "R over R_backprop",
    "low": "lower end of its 95 % interval; empty for published numbers",
    "high": "upper end",
    "ratio_by_hand": SPEED["ratio_to_backprop_by_hand"],
    "by_hand_low": "lower end of its 95 % interval",
    "by_hand_high": "upper end",
    "processes": SPEED["processes"],
    "floor": BENCH["flop_floor"],
    "certainty": "of published numbers; FIG: read off a figure; UNV: unverified",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {"": SPEED, "-processes": PROCESSES}
QUERIED_TABLES = {}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "": (
        "speed",
        (*IDENTITY, "threads", "seconds", "ratio_to_evaluation", "ratio_to_backprop", "low", "high",
         "ratio_to_backprop_by_hand", "peak_bytes"),
    ),
}  # fmt: skip
