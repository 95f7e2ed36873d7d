"""The tables and figures of experiments that train."""

from forwardgrad.experiments.products import FRAMES, QUOTED, Product

TIMES = "tables/{experiment}/times.csv"
SUMMARY = "tables/{experiment}/times-summary.csv"
RATIOS = "tables/{experiment}/loss-ratios.csv"
CELL = "figures/{experiment}/{dataset}-{model}"

# Tables that an experiment asks for by its key `analyses`.
ANALYSES = {
    "times": ("times", "times-summary"),
    "budgets": ("budgets",),
    "memory": ("memory",),
    "norms": ("norms",),
    "pareto": ("pareto",),
}

TABLES = (
    Product(
        "tables/{experiment}/methods.csv",
        "training.tables:methods",
        FRAMES,
        "outcome by method",
        "One row per cell and method: how the runs ended, steps to the threshold (median and range), test accuracy "
        "and loss at the end (mean over the runs that did not diverge, 95 % interval over seeds), time "
        "of a step.",
    ),
    Product(
        "tables/{experiment}/paired.csv",
        "training.tables:paired",
        FRAMES,
        "difference from backpropagation",
        "Every method against backpropagation at the same seed: mean difference, 95 % interval over the pairs.",
    ),
    Product(
        "tables/{experiment}/rates.csv",
        "training.analyses.rates:rates",
        FRAMES,
        "learning rates",
        "Validation loss at the end of training for every learning rate of the grid. The rate with the lowest "
        "median is chosen; a diverged run ranks as worse than every other. A chosen rate at the edge of its grid "
        "is marked.",
    ),
    Product(
        RATIOS,
        "training.analyses.loss_ratios:loss_ratios",
        FRAMES,
        "ratios of training losses",
        "Final training loss of every method over that of the method it is compared with, at the same seed: "
        "geometric mean, 95 % interval over the seeds.",
        given="compared",
    ),
    Product(
        TIMES,
        "training.analyses.time_to_loss:times",
        FRAMES,
        "times to the loss of backpropagation, run by run",
        "T_b is the time at which backpropagation ends its run; T_f the first time at which the validation loss of "
        "the forward gradient is at or below the one that backpropagation ended with at the same seed. Times are "
        "iterations times the cost of a step, by cost model.",
    ),
    Product(
        SUMMARY,
        "training.analyses.time_to_loss:times_summary",
        (TIMES, QUOTED),
        "times to the loss of backpropagation",
        "T_f, T_b and their ratio: medians over the seeds with 95 % intervals, by cost model.",
        given="paper_settings",
    ),
    Product(
        "tables/{experiment}/budgets.csv",
        "training.analyses.budgets:budgets",
        FRAMES,
        "outcome at equal compute budget",
        "Every method at equal compute budget: steps, equivalents of a forward pass (multiply-adds alone), or "
        "seconds (steps times the time of one step). A method is judged at its last evaluation within the budget.",
    ),
    Product(
        "tables/{experiment}/memory.csv",
        "training.analyses.memory:memory",
        FRAMES,
        "accuracy and memory",
        "Peak memory of a step of every method, its test accuracy at the end of training, and the most accurate method "
        "that needs at most as much.",
    ),
    Product(
        "tables/{experiment}/pareto.csv",
        "training.analyses.pareto:pareto",
        FRAMES,
        "outcome in the time of backpropagation",
        "Every method when it has spent the time that backpropagation takes: test accuracy, and the difference from "
        "backpropagation at the same seed.",
    ),
    Product(
        "tables/{experiment}/norms.csv",
        "training.analyses.norms:norms",
        FRAMES,
        "growth of the weights",
        "Training loss at the end, and the norm of all weights there over that at the start; 95 % "
        "intervals over seeds.",
    ),
)

FIGURES = (
    Product(
        "figures/{experiment}/loss-ratios.svg",
        "training.figures.loss_ratios:loss_ratios",
        (RATIOS,),
        "ratios of training losses",
        "Final training losses relative to one method, seed by seed.",
    ),
    Product(
        "figures/{experiment}/rates.svg",
        "training.figures.rates:rates",
        FRAMES,
        "learning rates",
        "Validation loss at the end of training against the learning rate.",
    ),
    Product(
        "figures/{experiment}/steps-to-threshold.svg",
        "training.figures.steps_to_threshold:steps_to_threshold",
        (*FRAMES, QUOTED),
        "steps to the threshold",
        "Steps that every run needed to reach its loss threshold.",
    ),
    Product(
        "figures/{experiment}/memory.svg",
        "training.figures.memory:memory",
        ("tables/{experiment}/memory.csv",),
        "accuracy against memory",
        "Test accuracy at the end of training against the peak memory of a step.",
    ),
    Product(
        "figures/{experiment}/pareto.svg",
        "training.figures.pareto:pareto",
        ("tables/{experiment}/pareto.csv", *FRAMES),
        "accuracy against time",
        "Test accuracy against processor time.",
    ),
    Product(
        f"{CELL}-by-step.svg",
        "training.figures.curves:curves",
        FRAMES,
        "{dataset}, {model}: training by step",
        "Loss and accuracy of every method.",
        given="curves",
    ),
    Product(
        f"{CELL}-cosines.svg",
        "training.figures.cosines:cosines",
        FRAMES,
        "{dataset}, {model}: cosine with the gradient",
        "Cosine of fresh estimates with the gradient, over training.",
        given="cell",
    ),
)
