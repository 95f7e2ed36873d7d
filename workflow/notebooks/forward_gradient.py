# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # The forward gradient
#
# One forward pass computes the directional derivative of the loss along a tangent. The forward gradient (Baydin,
# Pearlmutter, Syme, Wood and Torr 2022, [arXiv:2202.08587](https://arxiv.org/abs/2202.08587)) uses it to estimate the
# gradient. This notebook shows that the estimate is unbiased and how large its variance is, how it minimises test
# functions and trains networks, what it costs, and how rank-one tangents reduce it. [Forward and reverse
# mode](prerequisites.html) explains directional derivatives and forward mode.

# %% tags=["parameters"]
quick = False  # True: fewer steps and draws, to test that everything works
data = "results/data/mnist5k.npz"  # made by `snakemake results/data/mnist5k.npz`

# %%
import math
from dataclasses import replace
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import HTML, display
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from forwardgrad import make_estimator, step_
from forwardgrad.core.draws import rademacher_
from forwardgrad.core.models import build
from forwardgrad.core.units import detached
from forwardgrad.data.prepared import read
from forwardgrad.experiments.functions import plan
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.figures.contours import draw_contours, minimiser
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.experiments.training.score import score
from forwardgrad.experiments.training.train import batches
from forwardgrad.machine.timing import processor_seconds
from forwardgrad.plotting import inline, labels
from forwardgrad.plotting.animation import Trace, animation
from forwardgrad.plotting.style import INK, MUTED, RULE, look

inline.begin()
torch.set_num_threads(1)
BLUE, ORANGE = look("", "forward_gaussian").color, look("", "forward_rank_one").color

# %% [markdown]
# ## The estimator
#
# Draw a random tangent $v$ with one entry per weight in $\theta$; the entries are independent with mean 0 and variance
# 1. One forward-mode pass computes the directional derivative $\langle \nabla f(\theta), v \rangle$, a number. The
# forward gradient is
#
# $$g(\theta) = \langle \nabla f(\theta), v \rangle \, v.$$
#
# The entry $g_i = \sum_j \partial_j f\, v_j v_i$ has mean $\sum_j \partial_j f\, \mathbb{E}[v_i v_j] = \partial_i f$,
# because $\mathbb{E}[v_i v_j]$ is 1 for $i = j$ and 0 otherwise. Hence $\mathbb{E}[g] = \nabla f$: the forward gradient
# is *unbiased*. There is no backward pass, and the gradient itself is never computed.
#
# Two dimensions can be drawn. The function is Beale's, at $(1, 0.2)$:
#
# $$(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2.$$

# %%
beale = FUNCTIONS["beale"].value
point = torch.tensor([1.0, 0.2], dtype=torch.float64)
exact = torch.func.grad(beale)(point)
generator = torch.Generator().manual_seed(1)


def forward_gradients(function, theta, tangents):
    """<grad f, v> v for every row v of `tangents`, at every row of `theta`."""
    _, slopes = torch.func.jvp(function, (theta,), (tangents,))
    return slopes[:, None] * tangents


draws = 2_000
tangents = torch.randn(draws, 2, generator=generator, dtype=torch.float64)
cloud = forward_gradients(beale, point.repeat(draws, 1), tangents)
mean, spread = cloud.mean(0), cloud.std(0) / math.sqrt(draws)
print(f"gradient                    ({exact[0]:+.3f}, {exact[1]:+.3f})")
print(f"mean of {draws:,} estimates     ({mean[0]:+.3f}, {mean[1]:+.3f})")
print(f"its standard error          ({spread[0]:.3f},  {spread[1]:.3f})")

# %% [markdown]
# Every estimate is a multiple of its own tangent and never points downhill, so a small step against it decreases the
# loss. A single estimate is inaccurate; the running mean converges to the gradient like $1/\sqrt{N}$.

# %% tags=["figure"]
frames = np.unique(np.geomspace(1, 400, 80).astype(int))
running = (cloud.cumsum(0) / torch.arange(1, draws + 1)[:, None])[frames - 1]
shown = cloud[:400]

figure, axes = plt.subplots(figsize=(4.8, 3.7))
axes.axhline(0, color=RULE, linewidth=0.8)
axes.axvline(0, color=RULE, linewidth=0.8)
axes.plot(*exact, "*", color=ORANGE, markersize=20, label="gradient")
axes.plot([], [], "o", color=BLUE, alpha=0.5, markersize=4, label="estimates")
axes.plot([], [], "o-", color=INK, label="their running mean")
axes.set(xlim=(-25, 4), ylim=(-9, 17), xlabel="∂f/∂x", ylabel="∂f/∂y")
axes.set_title("Estimates of one gradient; the farthest lie outside")
axes.legend(loc="lower left", markerscale=0.7)

captions = [
    f"estimates: {count}; distance of their mean from the gradient: {distance:.2f}"
    for count, distance in zip(frames, (running - exact).norm(dim=1))
]
traces = [Trace(shown, BLUE, "cloud", frames), Trace(running, INK)]
display(HTML(animation(figure, axes, traces, captions, "cloud")))
plt.close(figure)

# %% [markdown]
# ## Variance
#
# Unbiased does not mean low variance. With $n$ weights the second moment of the estimate, relative to the squared norm
# of the gradient, is
#
# $$\frac{\mathbb{E}\|g\|^2}{\|\nabla f\|^2} = n + 2 \;\text{(Gaussian)},
# \qquad n \;\text{(Rademacher, or a sphere of radius } \sqrt n\text{)},$$
#
# and its mean absolute cosine with the gradient is $\mathbb{E}|\cos(g, \nabla f)| \approx \sqrt{2/(\pi n)}$. In a
# thousand dimensions the angle is about 88.5°. Training works because many small steps average over many tangents, but
# the learning rate must be small: at learning rates that suit backpropagation, forward gradients diverge.

# %%
sizes = [2, 5, 10, 30, 100, 300, 1000, 3000]
count = 200 if quick else 1_000


def cosines(n):
    v = torch.randn(count, n, generator=generator)
    return (v[:, 0] / v.norm(dim=1)).abs()  # the gradient is turned onto the first axis


average = [cosines(n).mean().item() for n in sizes]

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 2.9))
line = np.geomspace(2, 3000)
axes.loglog(line, np.sqrt(2 / (np.pi * line)), color=MUTED, label="√(2 / πn)")
axes.loglog(sizes, average, "o", color=BLUE, label=f"mean of {count:,} draws")
axes.minorticks_off()
axes.set(title="|cos| between estimate and gradient", xlabel="number of weights n")
axes.legend()

# %% [markdown]
# ## Test functions
#
# Now update $\theta \leftarrow \theta - \eta\, g(\theta)$. First Beale's function as in the paper, from $(0, 0.5)$ with
# learning rate $\eta = 0.01$ for 1,000 steps: gradient descent, and forward gradients with several seeds.


# %%
def descend(case, seeds):
    """Paths, shape (runs, steps + 1, 2), of gradient descent where `seeds` is 0."""
    function = FUNCTIONS[case.function].value
    generator = torch.Generator().manual_seed(0)
    gradient = torch.func.grad(lambda points: function(points).sum())
    theta = torch.tensor([case.start] * max(seeds, 1), dtype=torch.float64)
    path = [theta]
    for _ in range(case.steps):
        if seeds:
            v = torch.randn(theta.shape, generator=generator, dtype=theta.dtype)
            estimate = forward_gradients(function, theta, v)
        else:
            estimate = gradient(theta)
        theta = theta - case.learning_rate * estimate
        path.append(theta)
    return torch.stack(path, 1)


steps = 1_000
start, methods = (0.0, 0.5), ("forward_gaussian",)
case = plan.Case("paper", "beale", "beale", start, 0.01, 0.0, steps, methods, 20)
descent, forward = descend(case, 0), descend(case, case.seeds)
ends = beale(forward[:, -1])
print(f"gradient descent ends at f = {beale(descent[0, -1]):.3e}")
print(f"forward gradient, {len(ends)} seeds: median {ends.median():.3e}", end=", ")
print(f"from {ends.min():.1e} to {ends.max():.1e}")

# %% tags=["figure"]
frames = np.unique(np.concatenate([[0], np.geomspace(1, steps, 90).astype(int)]))
figure, axes = plt.subplots(figsize=(4.8, 3.5))
draw_contours(axes, case, ((-0.3, 3.5), (-0.6, 1.0)))
axes.plot(*minimiser(case), "*", color=INK, markersize=11)
axes.plot([], [], "o-", color=INK, label="gradient descent")
axes.plot([], [], "o-", color=BLUE, label="forward gradient")
axes.plot([], [], "o-", color=ORANGE, label="the same, another seed")
axes.set_title("Paths on Beale's function")
axes.legend(loc="lower right", fontsize=7.5, frameon=True, edgecolor="none")
paths = [path[frames] for path in (descent[0], forward[0], forward[1])]
captions = [
    f"step {step}: f = {down:.2g} by gradient descent, {one:.2g} and {two:.2g} forward"
    for step, down, one, two in zip(frames, *map(beale, paths))
]
traces = [Trace(path, color) for path, color in zip(paths, (INK, BLUE, ORANGE))]
display(HTML(animation(figure, axes, traces, captions, "beale")))
plt.close(figure)

# %% [markdown]
# The path of the forward gradient is noisy, but it reaches the same value. Rosenbrock's curved valley needs far more
# steps: the paper takes 25,000, with $\eta = 0.0005$ from $(-1, 0)$. These are the first of them; the experiment
# `functions` of the report has all, with times.

# %%
steps = 300 if quick else 1_200
case = replace(case, name="rosenbrock", function="rosenbrock", start=(-1.0, 0.0))
case = replace(case, learning_rate=5e-4, steps=steps, seeds=10)
descent, forward = descend(case, 0), descend(case, case.seeds)

# %% tags=["figure"]
figure, panels = plt.subplots(2, 1, figsize=(4.8, 5.4), height_ratios=(3, 2))
draw_contours(panels[0], case, ((-1.6, 1.5), (-0.6, 1.9)))
panels[0].plot(*minimiser(case), "*", color=INK, markersize=11)
panels[0].plot(*forward[0].T, color=BLUE, linewidth=0.7)
panels[0].plot(*descent[0].T, color=INK)
panels[0].set_title("Rosenbrock's function")
rosenbrock = FUNCTIONS["rosenbrock"].value
panels[1].semilogy(rosenbrock(forward).T, color=BLUE, alpha=0.4, linewidth=0.7)
panels[1].lines[0].set_label("forward gradient, ten seeds")
panels[1].semilogy(rosenbrock(descent[0]), color=INK, label="gradient descent")
panels[1].set(xlabel="step", ylabel="f")
panels[1].legend()

# %% [markdown]
# ## Training networks
#
# For networks the package has its own forward mode. Every estimator is used in the same three lines:
#
# ```python
# estimator = make_estimator("forward_gaussian", model, nn.CrossEntropyLoss())
# estimate = estimator(inputs, targets)  # the loss and an estimate of the gradient
# step_(model, estimate, rate)           # parameters -= rate * estimate
# ```
#
# An MLP and a small convolutional network on MNIST digits, with the same initial weights and batches: backpropagation,
# and forward gradients with dense Gaussian and rank-one tangents (see below), all at a learning rate that suits forward
# gradients; and backpropagation at its own, higher learning rate.

# %%
digits = read(Path(data), seed=0, normalisation=(0.1307, 0.3081))
runs = {
    "mlp_256": (80 if quick else 300, 5.6e-4),
    "cnn_small": (20 if quick else 80, 1e-3),
}


def train(model_key, estimator_key, steps, rate):
    """Test losses by step, of a fresh network."""
    model = build(model_key, seed=0)
    estimator = make_estimator(estimator_key, model, nn.CrossEntropyLoss(), seed=1)
    stream = batches(digits.train.inputs, digits.train.labels, 64, seed=2)
    losses = {0: score(model, digits.test.inputs, digits.test.labels)}
    for step, batch in enumerate(islice(stream, steps), start=1):
        step_(model, estimator(*batch), rate)
        if step % (steps // 10) == 0:
            losses[step] = score(model, digits.test.inputs, digits.test.labels)
    return losses


curves = {}
for model_key, (steps, rate) in runs.items():
    for key in ("backprop", "forward_gaussian", "forward_rank_one"):
        curves[model_key, key, rate] = train(model_key, key, steps, rate)
    curves[model_key, "backprop", 0.1] = train(model_key, "backprop", steps, 0.1)

for (model_key, key, rate), losses in curves.items():
    end = losses[max(losses)]
    name = f"{labels.model(model_key)}, {labels.ESTIMATORS[key]}, rate {rate:g}"
    print(f"{name:65} loss {end.loss:.3f}  accuracy {end.accuracy:.3f}")

# %% tags=["figure"]
figure, panels = plt.subplots(2, 1, figsize=(4.8, 5.6))
for axes, model_key in zip(panels, runs):
    for (model, key, rate), losses in curves.items():
        if model == model_key:
            drawing, own = look(key, key), rate == 0.1
            form = {"color": drawing.color, "linestyle": ":" if own else drawing.line}
            label = labels.ESTIMATORS[key] + (f", rate {rate:g}" if own else "")
            heights = [one.loss for one in losses.values()]
            axes.plot(list(losses), heights, label=label, **form)
    axes.set(title=labels.model(model_key), xlabel="step", ylabel="test loss")
    axes.set_ylim(bottom=0)
panels[0].legend(fontsize=7.5, loc="center right", bbox_to_anchor=(1, 0.4))

# %% [markdown]
# At the low learning rate the methods are similar; at its own learning rate backpropagation is far better. One seed and
# a short run are no evidence: the report compares the methods over seeds, at learning rates tuned on validation data.

# %% [markdown]
# ## Cost per step
#
# Without a backward pass, is a step faster? Count the multiplications. For a layer $y = W x$ backpropagation needs $W
# x$, then $W^\top \bar y$ for the layer below and $\bar y\, x^\top$ for the gradient: three products, and two in the
# first layer. Forward mode with a dense tangent $V$ needs
#
# $$y = W x, \qquad \dot y = W \dot x + V x,$$
#
# three as well, and two in the first layer, where $\dot x = 0$. The arithmetic cost is the same. PyTorch counts the
# multiplications of a step; here for the paper's MLP, 784-1024-1024-10, and 64 images.

# %%
model, loss = build("mlp", seed=0), nn.CrossEntropyLoss()
inputs, targets = digits.train.inputs[:64], digits.train.labels[:64]
rate = 1e-9  # leaves the weights unchanged: only the cost matters here


def full_step(key):
    """Estimate and update, as a function without arguments."""
    estimator = make_estimator(key, model, loss)
    return lambda: step_(model, estimator(inputs, targets), rate)


def whole(baseline):
    """A step of the benchmark, all its parts, as a function without arguments."""
    parts = baseline(Case(model, loss, inputs, targets, rate))
    return lambda: list(parts())


steps_of = {
    "evaluation": whole(baselines.evaluation),
    "backprop": full_step("backprop"),
    "jvp": whole(baselines.jvp),
    "forward_gaussian": full_step("forward_gaussian"),
    "forward_rademacher": full_step("forward_rademacher"),
    "forward_rank_one": full_step("forward_rank_one"),
}


def in_place(onto, a, b, **_):
    """Operations of onto += a b, from the shapes, which the counter does not know."""
    return 2 * a[0] * a[1] * b[1]


def products(step):
    """Multiply-adds of all matrix products in `step`."""
    known = {torch.ops.aten.addmm_: in_place}
    with FlopCounterMode(display=False, custom_mapping=known) as counter:
        step()
    return counter.get_total_flops() / 2


names = labels.METHODS | labels.ESTIMATORS
work = {key: products(step) for key, step in steps_of.items()}
for key, amount in work.items():
    relative = amount / work["evaluation"]
    print(f"{names[key]:38} {amount / 1e6:4.0f} million, {relative:.2f} evaluations")

# %% [markdown]
# `torch.func.jvp` does more than necessary: it also multiplies by the tangent of the input images, which is zero. But
# the cost is more than its products. The next cell measures processor time, with the methods in turns, so that
# other load on the machine adds little.

# %%
seconds = processor_seconds(steps_of, 0.5 if quick else 1)
times = {key: 1e3 * value for key, value in seconds.items()}

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.0))
for row, (key, milliseconds) in enumerate(times.items()):
    color = MUTED if key == "evaluation" else look(key, key).color
    axes.barh(row, milliseconds, 0.42, color=color)
    relative = milliseconds / times["backprop"]
    axes.text(0, row - 0.3, names[key], fontsize=8.5, va="bottom")
    text = f" {milliseconds:.1f} ms, {relative:.2f} × backprop"
    axes.text(milliseconds, row, text, va="center", fontsize=8)
axes.set(title="One step of the paper's MLP", xlabel="milliseconds", ylim=(5.5, -0.8))
axes.set_xlim(0, 1.5 * max(times.values()))
axes.set_yticks([])
axes.grid(axis="y", visible=False)

# %% [markdown]
# What takes the time of `torch.func.jvp`? Its step has three parts: drawing one Gaussian number per weight, the pass
# itself, and the update, which reads the tangent again.

# %%
parameters = detached(model)
v = {name: torch.randn_like(value) for name, value in parameters.items()}
weights = sum(value.numel() for value in parameters.values())
row = torch.empty(1, math.ceil(weights / 64) * 64)  # signs are made 64 at a time


def value(theta):
    return loss(torch.func.functional_call(model, theta, (inputs,)), targets)


def update():
    for name, parameter in parameters.items():
        parameter.addcmul_(v[name], torch.zeros(()), value=-rate)


parts = {
    "draw Gaussian numbers": lambda: [torch.randn_like(part) for part in v.values()],
    "pass (torch.func.jvp)": lambda: torch.func.jvp(value, (parameters,), (v,)),
    "update": update,
    "draw signs": lambda: rademacher_(row, weights, generator),
}
for name, value in processor_seconds(parts, 0.3 if quick else 0.7).items():
    print(f"{name:24} {1e3 * value:6.2f} ms")

# %% [markdown]
# Drawing the numbers alone takes about as long as a whole step of backpropagation, and the pass takes longer than its
# products explain. Measurements with stock frameworks therefore show no speed-up. Rademacher tangents need one random
# bit per weight and are faster to draw, with a slightly smaller second moment. The product $V x$ remains.

# %% [markdown]
# ## Rank-one tangents
#
# $V$ need not be dense. For an unbiased estimate its entries must be uncorrelated, with mean 0 and variance 1. The
# outer product of two Rademacher vectors satisfies this:
#
# $$V = u w^\top, \qquad \mathbb{E}[u_i w_j u_k w_l] = \delta_{ik} \delta_{jl},
# \qquad V x = u \,(w \cdot x).$$
#
# The third product of every layer reduces to one inner product per example. Two of three products remain, one of two in
# the first layer. One random sign per row and column replaces one random number per weight, and the update has rank
# one. The counts above include this estimator.

# %%
vectors = sum(
    sum(layer.weight.shape) + 1 for layer in model if isinstance(layer, nn.Linear)
)
print(f"random numbers per step: dense {weights:,}, rank one {vectors:,}")
for what, amounts in (("multiplications", work), ("time", times)):
    relative = amounts["forward_rank_one"] / amounts["backprop"]
    print(f"{what}, rank one over backpropagation: {relative:.2f}")

# %% [markdown]
# Is the estimate unbiased, and what is its variance? On a network small enough for thousands of draws, the cosine
# between the mean of $N$ estimates and the gradient must approach 1: for dense Gaussian tangents like $\sqrt{N/(N + n +
# 1)}$. For Rademacher tangents, dense or of rank one, the mean squared norm is $n$ times the gradient's.

# %%
tiny = nn.Sequential(
    nn.Flatten(), nn.AvgPool1d(49), nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 10)
)
for index, parameter in enumerate(tiny.parameters()):
    with torch.no_grad():
        parameter.normal_(std=0.5, generator=torch.Generator().manual_seed(index))
n = sum(parameter.numel() for parameter in tiny.parameters())
draws = 500 if quick else 3_000


def flat(estimate):
    return nn.utils.parameters_to_vector(estimate.dense().values())


exact = flat(make_estimator("backprop", tiny, loss)(inputs, targets))
kinds = ("forward_gaussian", "forward_rademacher", "forward_rank_one")
turned = {}
for key in kinds:
    estimator = make_estimator(key, tiny, loss, seed=3)
    total, lengths, turned[key] = torch.zeros(n), [], []
    for _ in range(draws):
        estimate = flat(estimator(inputs, targets))
        total += estimate
        lengths.append((estimate @ estimate).item())
        turned[key].append(F.cosine_similarity(total, exact, dim=0).item())
    second = np.mean(lengths) / (exact @ exact).item()
    error = np.std(lengths) / math.sqrt(draws) / (exact @ exact).item()
    print(f"{names[key]:32} E|g|² / |∇f|² = {second:6.1f} ± {error:.1f}   (n = {n})")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.1))
counts = np.arange(1, draws + 1)
theory = np.sqrt(counts / (counts + n + 1))
form = {"color": MUTED, "linewidth": 4, "alpha": 0.4}
axes.semilogx(counts, theory, label="√(N / (N + n + 1))", **form)
for key in kinds:
    form = {"color": look(key, key).color, "linewidth": 1.1}
    axes.semilogx(counts, turned[key], label=names[key], **form)
axes.set(title="Convergence of the mean of N estimates")
axes.set(xlabel="estimates N", ylabel="cosine with the gradient")
axes.legend(fontsize=7.5)

# %% [markdown]
# A lower cost per step does not imply faster training, since the variance remains. The report's experiment
# `convergence` trains with dense and with rank-one tangents, at tuned learning rates, over ten seeds. [Explore the
# results](explore_results.html) shows how to analyse its numbers.
