"""Columns of the frames of `speed`, and of every other measurement of a step."""

BENCH = {
    "model": "model key, or one of another width such as mlp_width_8; `mlp` for the paper's MLP of any depth",
    "depth": "number of hidden layers; empty for convolutional networks",
    "batch_size": "examples in one step",
    "device": "cpu or cuda",
    "threads": "threads used for the measurement",
    "clock": "cpu: processor time of the process; wall: wall time; device: time between events of the GPU",
    "parameters": "number of parameters of the network",
    "method": "estimator key, with +adam for a step of Adam, or a baseline: evaluation, gathering (of a batch), "
    "backprop_by_hand, backprop_checkpoint, jvp, forward_ad; in summaries also stock, the faster of the last two",
    "seconds": "seconds of one step: lowest tenth of samples interleaved with those of the network's other methods; "
    "empty if not measured",
    "draw": "seconds of its part that draws random numbers; empty where parts were not measured or it has none",
    "forward": "seconds of its forward pass, with the tangent where it has one",
    "backward": "seconds of its backward pass",
    "update": "seconds of its update of the parameters",
    "operations": "torch operations in one step; empty where not counted, as on a GPU",
    "multiply_adds": "multiply-adds of products in one step; draws, elementwise operations and updates are not counted",
    "peak_bytes": "peak bytes of a step beyond those allocated before, in a process of its own; empty if not measured",
    "switches_per_second": "involuntary context switches of the process while it measured: other processes beside it",
    "steal": "share of one processor that the host of a virtual machine gave to others meanwhile",
    "note": "why the row has no measurement, why on a GPU its step is no CUDA graph, or what else differs",
}
PARTS = ("draw", "forward", "backward", "update")
UNTIMED = "only its memory was measured"  # the note of a row whose time was not asked for

NETWORK = ("device", "model", "depth", "batch_size")
IDENTITY = (*NETWORK, "method")

# Columns whose values have an interval in the same row: its two columns, and the one that says what it is from.
INTERVALS = {
    "": {
        "seconds": ("seconds_low", "seconds_high", "processes"),
        "ratio_to_evaluation": ("R_low", "R_high", "processes"),
        "ratio_to_backprop": ("low", "high", "processes"),
        "ratio_to_backprop_by_hand": ("by_hand_low", "by_hand_high", "processes"),
    },
    "-regimes": {"crossing": ("crossing_low", "crossing_high", "processes")},
}

RATIOS_TO = {
    "ratio_to_evaluation": "evaluation",
    "ratio_to_backprop": "backprop",
    "ratio_to_backprop_by_hand": "backprop_by_hand",
}

# The measurements of one network in several processes, and their summary. Memory layout differs between processes, and
# ratios vary more between them than between the rounds of one process.
PROCESSES = {
    **{name: BENCH[name] for name in IDENTITY},
    "process": "number of the process: 0, 1, ...; processes measure the network independently",
    "seconds": BENCH["seconds"],
    "ratio_to_evaluation": "R: seconds over those of an evaluation, a forward pass with loss, in the same process",
    "ratio_to_backprop": "R / R_b: seconds over those of the library's fastest backpropagation, in the same process",
    "ratio_to_backprop_by_hand": "seconds over those of backpropagation written by hand, with updates in place",
    "switches_per_second": BENCH["switches_per_second"],
    "steal": BENCH["steal"],
}

SPEED = {
    **{name: BENCH[name] for name in (*IDENTITY, "threads", "clock", "parameters")},
    "seconds": "seconds of one step, lowest tenth of samples, geometric mean over processes; empty if not measured",
    "seconds_low": "lower end of its 95 % interval, Student's t over processes; empty for fewer than three processes",
    "seconds_high": "upper end",
    "ratio_to_evaluation": "R: seconds over those of an evaluation, geometric mean over processes",
    "R_low": "lower end of its 95 % interval",
    "R_high": "upper end",
    "ratio_to_backprop": "R / R_b, with the library's fastest backpropagation: geometric mean over processes",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "ratio_to_backprop_by_hand": PROCESSES["ratio_to_backprop_by_hand"] + ": geometric mean over processes",
    "by_hand_low": "lower end of its 95 % interval",
    "by_hand_high": "upper end",
    "flop_floor": "multiply-adds of the step over those of a backpropagation step",
    **{name: BENCH[name] for name in (*PARTS, "operations", "multiply_adds", "peak_bytes")},
    **{name: BENCH[name] for name in ("switches_per_second", "steal", "note")},
    "processes": "number of processes behind the row",
}

WALL = {
    **{name: BENCH[name] for name in (*IDENTITY, "threads")},
    "seconds": "wall seconds of one step, geometric mean of two processes; empty if not measured",
    "ratio_to_backprop": "over those of the library's fastest backpropagation; empty if either was not measured",
    "disagreement": "the longer of the two over the shorter",
    "note": "why the row has no measurement: the two processes disagree by more than 10 %",
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
    "floor": SPEED["flop_floor"],
    "certainty": "of published numbers; FIG: read off a figure; UNV: unverified",
}

REGIMES = {
    "device": BENCH["device"],
    "method": BENCH["method"],
    "networks": "networks and batch sizes that the model is fitted to: seconds = operations x overhead + multiply-adds "
    "/ rate + parameters x per_parameter, no term negative, least squares of relative errors",
    "overhead": "microseconds for each torch operation; this and all of the model is empty where operations are not "
    "counted, or where there are fewer than six networks and batch sizes",
    "rate": "multiply-adds per second; inf if their term is zero",
    "per_parameter": "nanoseconds for each parameter: random draws and updates",
    "error": "median over networks and batch sizes of the relative error of the model's seconds, without its sign",
    "largest_error": "the largest",
    "worst": "the network and batch size of the largest error",
    "two_terms_error": "median relative error of a model without the term of the parameters",
    "two_terms_largest_error": "the largest",
    "crossing": "number of parameters from which on a step costs at least as much as one of backprop, interpolated "
    "between MLPs with two hidden layers at one batch size: 0 if at every size, inf if not at the largest; geometric "
    "mean over processes",
    "crossing_low": "lower end of its 95 % interval, Student's t over processes; empty if 0 or inf in any of them",
    "crossing_high": "upper end",
    "crossing_model": "the same by the model, with two terms and that of the parameters",
    "processes": "number of processes behind the crossing",
}

# The frames, by what follows the experiment's name, and tables that a claim may query like a frame.
FRAMES = {"": SPEED, "-processes": PROCESSES, "-wall": WALL}
QUERIED_TABLES = {"-regimes": REGIMES}

# What is published of each frame: the table, and its columns.
PUBLISHED = {
    "": (
        "speed",
        (*IDENTITY, "threads", "parameters", "seconds", "seconds_low", "seconds_high", "ratio_to_evaluation",
         "ratio_to_backprop", "low", "high", "ratio_to_backprop_by_hand", "peak_bytes"),
    ),
}  # fmt: skip
