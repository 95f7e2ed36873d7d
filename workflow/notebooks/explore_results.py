# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Explore the results
#
# All runs of the workflow are in a few long tables, the *frames*: CSV files in `results/frames/`. This notebook loads
# the frames of one experiment, draws a figure of the report and a new one, compares two methods, and adds and trains a
# method. `results/README.md` explains every column.

# %% tags=["parameters"]
experiment = "students"  # set by the workflow
results = "results"

# %%
import json
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from IPython.display import HTML, display

from forwardgrad.data.prepared import read
from forwardgrad.experiments.training.columns import METRICS
from forwardgrad.experiments.training.figures.curves import draw_curves
from forwardgrad.experiments.training.frames import load_frames, select
from forwardgrad.experiments.training.runs import Run
from forwardgrad.experiments.training.train import train
from forwardgrad.plotting import inline, labels
from forwardgrad.plotting.style import MUTED, look
from forwardgrad.results.curves import curve_table
from forwardgrad.results.folder import Results
from forwardgrad.results.statistics import mean, paired_difference

inline.begin()


def table(frame):
    """Show a frame."""
    text = frame.to_html(index=False, border=0, float_format="{:.4g}".format)
    display(HTML(text))


# %% [markdown]
# ## Load the frames
#
# Three frames: `metrics` has one row per run and evaluation, `runs` one per run, `costs` one per measured method.
# `load_frames` also checks the columns; `pd.read_csv` is sufficient.

# %%
frames = load_frames(Results(Path(results)), experiment)
runs, rows = len(frames.runs), len(frames.metrics)
print(f"experiment {experiment!r}: {runs} runs, {rows:,} rows")
for made in Results(Path(results)).provenance(experiment):
    versions = ", ".join(map(" ".join, made["versions"].items()))
    print(f"{made['runs']} runs made with {versions}, on {made['device']}")

cells = ["dataset", "model", "method"]
overview = frames.runs.groupby(cells, sort=False).agg(
    seeds=("seed", "nunique"),
    diverged=("status", lambda endings: (endings == "diverged").sum()),
    steps=("steps", "median"),
    test_accuracy=("test_accuracy", "mean"),
)
table(overview.reset_index())

# %% [markdown]
# From here on one cell, that is one network on one data set: the cell with the most seeds, and of those the one with
# the shortest runs.

# %%
sizes = frames.runs.groupby(["dataset", "model"]).agg(
    seeds=("seed", "nunique"), seconds=("seconds", "sum")
)
order = sizes.sort_values(["seeds", "seconds"], ascending=[False, True])
dataset, model = order.index[0]
cell = select(frames, dataset=dataset, model=model)
print(labels.cell(dataset, model))

# %% [markdown]
# ## Aggregate
#
# Means come with intervals. `statistics` has the functions of the report's tables; they return no interval for fewer
# than three seeds.

# %%
sound = cell.runs[cell.runs["status"] != "diverged"]
rows = [
    (labels.method(*key), *mean(group["test_loss"]))
    for key, group in sound.groupby(["method", "estimator"], sort=False)
]
table(pd.DataFrame(rows, columns=["method", "test loss", "low", "high", "runs"]))

# %% [markdown]
# ## Draw a figure
#
# The report's figures are in `results/figures/`, each with its numbers as CSV. The functions that draw them take
# frames, so they can also draw what the report does not: here the test loss alone.

# %%
bands = curve_table(cell.metrics, cell.runs, cell.costs, ["test_loss"])
figure = draw_curves(bands, cell.runs, labels.cell(dataset, model))
display(figure)
plt.close(figure)

# %% [markdown]
# A figure of one's own: the training loss, with one line per run.


# %% tags=["figure"]
def draw_runs(axes, metrics, column, *key):
    """One line per seed of the method with this key and estimator."""
    drawing, label = look(*key), labels.method(*key)
    line = {"color": drawing.color, "linestyle": drawing.line, "linewidth": 0.8}
    for _, run in metrics.groupby("seed"):
        axes.plot(run["step"], run[column], alpha=0.5, label=label, **line)
        label = None


shown = cell.runs.drop_duplicates("method")[["method", "estimator"]]
figure, axes = plt.subplots(figsize=(4.8, 3.4))
for key in shown.itertuples(index=False):
    own = cell.metrics[cell.metrics["method"] == key.method]
    draw_runs(axes, own, "train_loss", *key)
start = cell.metrics.loc[cell.metrics["step"] == 0, "train_loss"]
axes.set(title=labels.cell(dataset, model), xlabel="step", ylabel="training loss")
axes.set_ylim(0, 1.3 * start.max() if start.max() < float("inf") else None)
axes.legend(fontsize=7.5)

# %% [markdown]
# ## Compare two methods, paired by seed
#
# Runs with the same seed share the split, the initial weights and the batches. The interval of their paired difference
# is therefore narrower than two separate intervals suggest.

# %%
by_seed = sound.pivot(index="seed", columns="method", values="test_loss")
present = [method for method in shown["method"] if method in by_seed] or shown[
    "method"
].tolist()
by_seed = by_seed.reindex(
    columns=present
)  # if all runs have diverged there is nothing to compare
first, second = present[0], present[1 % len(present)]
value, low, high, n = paired_difference(by_seed[second], by_seed[first])
print(f"test loss at the end, {second} minus {first}: {value:+.4f}")
print(f"95 % interval {low:+.4f} to {high:+.4f}, from {n} seeds")

# %% tags=["figure"]
pairs = by_seed[[first, second]].dropna().to_numpy()
figure, axes = plt.subplots(figsize=(4.8, 3.0))
axes.plot([0, 1], pairs.T, "o-", color=MUTED, alpha=0.6, linewidth=0.8, markersize=3.5)
axes.set_xticks([0, 1], [first, second])
axes.set(title="One line per seed", ylabel="test loss at the end", xlim=(-0.4, 1.4))
axes.grid(axis="x", visible=False)

# %% [markdown]
# ## Add a method
#
# A method is an entry of the configuration: an estimator and its settings. To add one to the workflow, write a file
# `config/mine.yaml`, as `docs/extending.md` shows,
#
# ```yaml
# run: [mine]
# experiments:
#   mine: {title: My experiment, cells: [mine]}
# cells:
#   mine:
#     datasets: [penguins]
#     models: [students_lr]
#     methods: [backprop, rademacher]
#     seeds: 3
#     evaluate_every: 10
#     settings: {learning_rate: 0.2, stop: {steps: 200}}
# methods:
#   rademacher: {estimator: forward_rademacher}
# ```
#
# and run `snakemake --cores all --configfile config/mine.yaml`. This notebook opens the frames of `mine` with
# `experiment = "mine"`.
#
# Each run is one call of a function. The next cell takes the settings of an existing run, changes the estimator, and
# trains with the same seeds: split, initial weights and batches are shared, so the comparison is paired.

# %%
settled = cell.runs[cell.runs["estimator"] == "forward_gaussian"]
made = (settled if len(settled) else cell.runs).iloc[0]
place = Path(results, "runs", experiment, dataset, model, made["method"])
record = place / f"seed-{made['seed']}" / "run.json"
run = Run.from_json(json.dumps(json.loads(record.read_text())["run"]))
settings = replace(run.settings, estimator="forward_rademacher")
mine = replace(run, method="rademacher", settings=settings)

arrays = Path(results, "data", f"{dataset}.npz")
seeds, added = sorted(cell.runs["seed"].unique())[:3], []
for seed in seeds:
    data = read(arrays, seed, mine.settings.normalisation, mine.tuning)
    metrics, _ = train(replace(mine, seed=int(seed)), data)
    added.append(pd.DataFrame(metrics, columns=list(METRICS)).assign(seed=seed))
    last = metrics[-1]
    print(f"seed {seed}: {last['status']} at step {last['step']}", end=", ")
    print(f"test loss {last['test_loss']:.4f}")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.2))
beside = cell.metrics[cell.metrics["method"] == made["method"]]
beside = beside[beside["seed"].isin(seeds)]
draw_runs(axes, beside, "test_loss", made["method"], made["estimator"])
draw_runs(axes, pd.concat(added), "test_loss", *2 * ["forward_rademacher"])
axes.set(title="The added method and an existing one")
axes.set(xlabel="step", ylabel="test loss")
axes.legend()

# %% [markdown]
# An estimator of your own is a function in `src/forwardgrad/core/gradients.py`; `docs/extending.md` adds one, line by
# line, and a test follows that page literally.
