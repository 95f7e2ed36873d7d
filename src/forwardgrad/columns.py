"""Names of the columns of every frame, with what they mean. Written once, used by writer and reader."""

IDENTITY = {
    "experiment": "name of the experiment in the configuration",
    "dataset": "data set key",
    "model": "model key",
    "method": "method key: a named configuration entry",
    "seed": "random seed of the run; methods with the same seed share split, initial weights and batch order",
}

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
    "seconds": "wall seconds spent in updates so far, without evaluation, as the run happened (other jobs beside it)",
}

COSTS = {
    "experiment": IDENTITY["experiment"],
    "dataset": IDENTITY["dataset"],
    "model": IDENTITY["model"],
    "method": IDENTITY["method"],
    "estimator": "estimator key",
    "threads": "threads used for the measurement",
    "batch_size": "examples in one step",
    "seconds_per_step": "median wall seconds of one update, measured alone, interleaved with the cell's other methods",
    "low": "lower end of the 95 % interval of that median",
    "high": "upper end of the 95 % interval of that median",
    "seconds_in_memory": "the same with the batch in memory already: the difference is what loading the data takes",
    "in_memory_low": "lower end of its 95 % interval",
    "in_memory_high": "upper end",
    "repetitions": "number of interleaved samples",
    "whole_steps": "updates in one whole timed run, for checking",
    "whole_seconds": "wall seconds of those updates",
}

ENDINGS = ("threshold", "completed", "diverged")

RUNS = {
    **IDENTITY,
    "estimator": "estimator key",
    "learning_rate": "rate of the first step",
    "status": "how the run ended: " + ", ".join(ENDINGS),
    "steps": "number of updates done",
    **{name: meaning for name, meaning in METRICS.items() if name not in ("step", "status")},
    "threshold": "loss at which the run was to stop; empty if at none",
    "seconds": "wall seconds of all updates, as the run happened (other jobs beside it)",
    "parameters": "number of trained parameters",
    "source": "where the data came from",
}

CURVES = {
    "method": IDENTITY["method"],
    "estimator": "estimator key",
    "metric": "column of the metrics that is drawn",
    "step": METRICS["step"],
    "seconds": "step times the time of one step measured alone; empty where that was not measured",
    "median": "median over the seeds; inf (accuracy: -inf) where half of them have diverged",
    "low": "10th percentile of the seeds, rounded outwards; empty for fewer than three seeds",
    "high": "90th percentile of the seeds, rounded outwards; empty for fewer than three seeds",
    "seeds": "number of runs behind the row",
}

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

AUDIT = {
    "key": "key of the defect in report/audit.yaml",
    "repository": "whose code it is in",
    "commit": "commit at which the code was read; empty where it is not known",
    "defect": "what the code does",
    "computation": "what was computed",
    "correct": "the number where it is done right",
    "found": "the number with the defect",
    "low": "lower end of the 95 % interval of found (Student's t); found itself where nothing is random",
    "high": "upper end",
    "n": "draws or seeds; 1 where nothing is random",
    "shown": "yes: the interval lies where the defect is said to bring it; no; documented: not computed; no data",
    "why": "why it matters",
}

MOMENTS = {
    "tangents": "gaussian, standardised or uniform",
    "row": "component i",
    "column": "component j",
    "moment": "mean of v_i v_j",
    "n": "number of tangents drawn",
}

SAMPLED = {
    "estimator": "estimator key",
    "quantity": "along, bias, second_moment, uphill, cosine, cosine_squared or distance, in units of its norm",
    "measured": "mean over the estimates; of bias an unbiased estimate of its square, of distance that of their mean",
    "error": "standard error of measured; empty for uphill and distance",
    "freedom": "degrees of freedom of the error",
    "draws": "number of estimates behind the row",
    "formula": "what it should be; empty where there is no formula",
}

CLOUD = {
    "estimator": "estimator key",
    "draw": "number of the estimate",
    "along": "its component along the gradient, in units of the gradient's norm",
    "across": "its component along a random direction at right angles to the gradient",
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
