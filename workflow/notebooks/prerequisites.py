# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Forward and reverse mode
#
# Prerequisites of the forward gradient: what a directional derivative is, and how a program computes it exactly by
# automatic differentiation. All examples are small functions; the last section introduces the Jacobian-vector product,
# which the [forward gradient](forward_gradient.html) uses.

# %% tags=["parameters"]
quick = False  # True: fewer points, to test that everything works

# %%
import math
from dataclasses import dataclass, field
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch

from forwardgrad.machine.timing import processor_seconds
from forwardgrad.plotting import inline
from forwardgrad.plotting.style import INK, MUTED, RULE

BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"
inline.begin()
torch.manual_seed(0)
torch.set_num_threads(1)
np.set_printoptions(precision=6, suppress=True)

# %% [markdown]
# ## The derivative
#
# The derivative of $f$ at $x$ is the slope of the straight line that fits $f$ best there: the limit of the slopes of
# secants whose second point moves towards the first,
#
# $$\frac{df}{dx}(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h}.$$
#
# Take $f(x) = x\,\sin(x)$ at $x = 2$. The product rule says $\frac{df}{dx} = \sin(x) + x\,\cos(x)$. The slopes of
# secants approach this number; halving $h$ halves the error.


# %%
def f(x):
    return x * np.sin(x)


x, exact = 2.0, math.sin(2.0) + 2.0 * math.cos(2.0)
steps = [1.0, 0.5, 0.25, 0.125]
slopes = [(f(x + h) - f(x)) / h for h in steps]
for h, slope in zip(steps, slopes):
    print(f"h = {h:<6g} slope {slope:+.4f}   error {abs(slope - exact):.4f}")
print(f"derivative {exact:+.4f}")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.0))
grid = np.linspace(0.4, 3.6, 200)
axes.plot(grid, f(grid), color=INK)
for h, slope, alpha in zip(steps, slopes, (0.25, 0.4, 0.55, 0.7)):
    axes.plot(grid, f(x) + slope * (grid - x), color=BLUE, alpha=alpha, linewidth=1.1)
    axes.plot(x + h, f(x + h), "o", color=BLUE, alpha=alpha)
axes.plot(grid, f(x) + exact * (grid - x), color=ORANGE)
axes.plot(x, f(x), "o", color=INK)
axes.text(3.1, 2.05, "tangent", color=ORANGE)
axes.text(3.1, 0.62, "secants", color=BLUE)
axes.set(title="Secants turn into the tangent", xlabel="x", ylabel="f(x)")
axes.set_ylim(-1.2, 3.2)

# %% [markdown]
# ## Partial derivatives
#
# A function of several numbers has one derivative per number: hold the others still and differentiate. For
#
# $$f(x, y) = x^2 + 2 y^2 + \sin(2x), \qquad
# \frac{\partial f}{\partial x} = 2x + 2\cos(2x), \qquad
# \frac{\partial f}{\partial y} = 4y,$$
#
# cut the surface at $y = 0.5$ and at $x = 1$, and each cut is an ordinary curve with an ordinary slope.


# %%
def surface(x, y):
    return x**2 + 2 * y**2 + np.sin(2 * x)


def gradient(x, y):
    return np.array([2 * x + 2 * np.cos(2 * x), 4 * y])


point = np.array([1.0, 0.5])
by_x, by_y = gradient(*point)
print(f"at (1, 0.5):  df/dx = {by_x:+.4f}   df/dy = {by_y:+.4f}")

# %% tags=["figure"]
figure, panels = plt.subplots(1, 2, figsize=(4.8, 2.5), sharey=True)
offsets = np.linspace(-1, 1, 100)
cuts = [("x", 0, by_x, "along x, y = 0.5"), ("y", 1, by_y, "along y, x = 1")]
for axes, (name, axis, slope, heading) in zip(panels, cuts):
    moved = np.repeat(point[:, None], 100, axis=1)
    moved[axis] += offsets
    axes.plot(moved[axis], surface(*moved), color=INK)
    axes.plot(moved[axis], surface(*point) + slope * offsets, color=ORANGE)
    axes.plot(point[axis], surface(*point), "o", color=INK)
    axes.set(title=heading, xlabel=name)
panels[0].set_ylabel("f(x, y)")

# %% [markdown]
# ## The gradient
#
# All partial derivatives together, as a vector, are the gradient $\nabla f = (\partial f/\partial x, \partial
# f/\partial y)$. It is orthogonal to the level lines, and longer where they are closer together.


# %% tags=["figure"]
def contours(axes, around, reach):
    ranges = [np.linspace(centre - reach, centre + reach, 120) for centre in around]
    heights = surface(*np.meshgrid(*ranges))
    levels = np.quantile(heights, np.linspace(0.02, 0.98, 12))
    axes.contour(*ranges, heights, levels, colors=MUTED, linewidths=0.6)
    axes.set(aspect="equal", xlabel="x", ylabel="y")
    axes.grid(False)


figure, axes = plt.subplots(figsize=(4.8, 3.6))
contours(axes, (0.4, 0.0), 1.6)
places = np.stack(np.meshgrid(np.linspace(-0.9, 1.7, 7), np.linspace(-1.3, 1.3, 7)))
axes.quiver(*places, *gradient(*places), color=BLUE, angles="xy", width=0.005)
axes.set_title("Gradients and level lines")

# %% [markdown]
# ## The directional derivative
#
# How fast does $f$ change from $\theta$ along an arbitrary vector $v$, the *tangent*? The directional derivative is the
# derivative of $t \mapsto f(\theta + t v)$ at $t = 0$. By the chain rule it is an inner product:
#
# $$\left.\frac{d}{dt} f(\theta + t v)\right|_{t=0}
# = \sum_i \frac{\partial f}{\partial \theta_i} v_i
# = \langle \nabla f(\theta), v \rangle.$$
#
# It is one number in any number of dimensions. For $v = (\cos(\varphi), \sin(\varphi))$ it is a cosine in the angle
# $\varphi$: largest along the gradient, zero along the level line.

# %%
angles = np.linspace(-np.pi, np.pi, 361)
directions = np.stack([np.cos(angles), np.sin(angles)])
h = 1e-6
centre = point[:, None]
ahead, behind = surface(*(centre + h * directions)), surface(*(centre - h * directions))
measured = (ahead - behind) / (2 * h)
inner = gradient(*point) @ directions
uphill = math.atan2(by_y, by_x)
difference = np.abs(measured - inner).max()
print(f"largest error of the central difference: {difference:.1e}")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 2.7))
axes.axhline(0, color=RULE)
axes.plot(np.degrees(angles), inner, color=BLUE)
top = math.degrees(uphill), np.hypot(by_x, by_y)
axes.plot(*top, "o", color=ORANGE)
axes.text(top[0] + 8, top[1] + 0.15, "angle of the gradient", color=ORANGE)
axes.set(title="Directional derivative by angle", ylim=(-2.8, 2.8))
axes.set(xlabel="angle of v, degrees", ylabel="derivative along v")
axes.set_xticks(range(-180, 181, 90))

# %% [markdown]
# ## Steepest ascent, and descent
#
# Since $\langle \nabla f, v \rangle = \|\nabla f\| \, \|v\| \cos\angle(\nabla f, v)$, no direction of unit length
# climbs faster than $\nabla f / \|\nabla f\|$, and none descends faster than its opposite. Gradient descent takes steps
# of
#
# $$\theta \leftarrow \theta - \eta \, \nabla f(\theta).$$
#
# A random direction of unit length is worse, but either it or its negative does not go uphill. The forward gradient
# uses this.


# %%
def descend(start, rate, count):
    path = [np.array(start)]
    for _ in range(count):
        path.append(path[-1] - rate * gradient(*path[-1]))
    return np.array(path)


start, rate = (1.7, 1.3), 0.08
path = descend(start, rate, 30)
first, last = surface(*path[0]), surface(*path[-1])
print(f"from f = {first:.3f} to f = {last:.3f} in {len(path) - 1} steps")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.6))
contours(axes, (0.4, 0.0), 1.6)
axes.plot(*path.T, "o-", color=ORANGE, markersize=3.5, linewidth=1.2)
axes.set_title("Thirty steps of gradient descent")

# %% [markdown]
# ## Numerical against automatic differentiation
#
# Numerical differentiation of a program uses secants with a small $h$. It has two errors. The truncation error of
# $(f(x+h) - f(x))/h$ is proportional to $h$, that of the central difference $(f(x+h) - f(x-h))/2h$ to $h^2$. The
# rounding error of the two nearly equal function values is divided by $h$: at relative precision $\varepsilon$ it is
# about $\varepsilon/h$. The total error is smallest near $h \approx \sqrt\varepsilon$ and $\sqrt[3]\varepsilon$,
# respectively.
#
# Automatic differentiation has no $h$. It applies the chain rule to the program's own operations and is as accurate as
# the function itself: the dotted lines.


# %%
def program(x):
    return torch.exp(torch.sin(3 * x)) / (1 + x**2)


truth = torch.func.grad(program)(torch.tensor(0.7, dtype=torch.float64)).item()
widths = np.logspace(-14, 0, 29 if quick else 85)


def errors(dtype):
    x = torch.tensor(0.7, dtype=dtype)
    rows = []
    for width in widths:
        # The actual step width: x + h is rounded as well.
        h = torch.tensor(width, dtype=dtype)
        up, down = x + h, x - h
        rows.append([
            (program(up) - program(x)) / (up - x) if up != x else math.nan,
            (program(up) - program(down)) / (up - down) if up != down else math.nan,
        ])  # fmt: skip
    automatic = torch.func.grad(program)(x).item()
    return np.abs(np.array(rows, float) - truth), abs(automatic - truth)


# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.6))
for name, color in (("float32", ORANGE), ("float64", BLUE)):
    dtype = getattr(torch, name)
    numerical, automatic = errors(dtype)
    form = {"color": color, "linewidth": 1, "linestyle": (0, (4, 1))}
    axes.loglog(widths, numerical[:, 0], label=f"{name}, forward", **form)
    axes.loglog(widths, numerical[:, 1], color=color, label=f"{name}, central")
    # The reference is in float64: its precision limits the smallest visible error.
    floor = max(automatic, abs(truth) * torch.finfo(dtype).eps)
    axes.axhline(floor, color=color, linestyle=":", label=f"{name}, automatic")
    best = widths[np.nanargmin(numerical[:, 1])]
    least = np.nanmin(numerical[:, 1])
    print(f"{name}: central at best {least:.1e}, h = {best:.0e}; automatic {floor:.1e}")
axes.set(title="Error of a derivative by step width", ylim=(1e-17, 1e6))
axes.set(xlabel="step width h", ylabel="error")
axes.legend(ncols=2, loc="upper left", fontsize=7.5)

# %% [markdown]
# ## Dual numbers, from scratch
#
# A *dual number* is a pair: a value, and the rate at which it changes. Think of $a + \dot a\,\epsilon$ with $\epsilon^2
# = 0$. Sums and products follow at once,
#
# $$(a + \dot a \epsilon)(b + \dot b \epsilon) = ab + (\dot a b + a \dot b)\,\epsilon,$$
#
# and every elementary function carries its derivative along: $\sin(a + \dot a \epsilon) = \sin(a) + \dot a \cos(a)\,
# \epsilon$. A dozen lines of Python differentiate whole programs, including loops.


# %%
@dataclass
class Dual:
    value: float
    rate: float = 0.0

    def __add__(self, other):
        other = dual(other)
        return Dual(self.value + other.value, self.rate + other.rate)

    def __mul__(self, other):
        other = dual(other)
        return Dual(
            self.value * other.value, self.rate * other.value + self.value * other.rate
        )

    def __pow__(self, n):
        return Dual(self.value**n, n * self.value ** (n - 1) * self.rate)

    __radd__, __rmul__ = __add__, __mul__


def dual(x):
    return x if isinstance(x, Dual) else Dual(x)


# %% [markdown]
# Heron's rule computes $\sqrt a$ by a loop: $s \leftarrow (s + a/s)/2$. The program does not contain the derivative of
# the square root. Differentiating the loop yields it, and it converges with the value, to $1/(2\sqrt a)$.


# %%
def heron(a, iterations):
    s = dual(1.0)
    for _ in range(iterations):
        s = 0.5 * (s + a * s**-1)
    return s


for iterations in range(1, 7):
    root = heron(Dual(2.0, 1.0), iterations)
    print(f"{iterations} rounds: value {root.value:.10f}   derivative {root.rate:.10f}")
print(f"exact:    value {math.sqrt(2):.10f}   derivative {0.5 / math.sqrt(2):.10f}")

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 3.0))
arguments = np.linspace(0.2, 8, 100)
form = {"color": INK, "linewidth": 3, "alpha": 0.25}
axes.plot(arguments, 0.5 / np.sqrt(arguments), label="1 / (2 √a)", **form)
for iterations, color in ((2, ORANGE), (3, BLUE), (5, GREEN)):
    rates = [heron(Dual(a, 1.0), iterations).rate for a in arguments]
    label = f"{iterations} iterations"
    axes.plot(arguments, rates, color=color, label=label, linewidth=1.2)
axes.set(title="The derivative of a loop", ylim=(0, 1.3))
axes.set(xlabel="a", ylabel="derivative of Heron's value")
axes.legend()

# %% [markdown]
# ## Forward mode and reverse mode
#
# A program is a chain of steps, and its derivative is a product of their Jacobians,
#
# $$J = J_k \cdots J_2\, J_1.$$
#
# **Forward mode** multiplies from the right, in the order of the program: start with a tangent $v$ and compute $J_1 v$,
# then $J_2 (J_1 v)$, and so on. Dual numbers do this. No intermediate results are stored. One pass computes a
# combination of *columns*, $J v$.
#
# **Reverse mode** multiplies from the left: start with a weight $w$ for every output and compute $w^\top J_k$, then
# $(w^\top J_k) J_{k-1}$. The program runs first, and its intermediate results must be stored, because the steps are
# visited from last to first. One pass computes a combination of *rows*, $w^\top J$. For a loss, with its single output,
# this is the whole gradient: backpropagation.
#
# Reverse mode from scratch also takes a dozen lines. Every number stores the numbers it was computed from and the
# derivatives by them.


# %%
@dataclass(eq=False)
class Var:
    value: float
    # Pairs: a number, and the derivative by it.
    made_from: list = field(default_factory=list)
    gradient: float = 0.0

    def __add__(self, other):
        return Var(self.value + other.value, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        return Var(self.value * other.value, [(self, other.value), (other, self.value)])

    def sin(self):
        return Var(math.sin(self.value), [(self, math.cos(self.value))])


def backward(output):
    order = []

    def visit(number):
        if number not in order:
            for parent, _ in number.made_from:
                visit(parent)
            order.append(number)

    visit(output)
    output.gradient = 1.0
    for number in reversed(order):
        for parent, slope in number.made_from:
            parent.gradient += number.gradient * slope


# %% [markdown]
# On $f(x_1, x_2, x_3) = x_1 x_2 + x_1 \sin(x_3)$: forward mode needs three passes, one per input, reverse mode one.
# Both agree with PyTorch to the last digit that is shown.


# %%
def example(x1, x2, x3, sin):
    return x1 * x2 + x1 * sin(x3)


def dual_sin(u):
    return Dual(math.sin(u.value), math.cos(u.value) * u.rate)


at = [1.5, -0.7, 0.4]
forward = []
for index in range(3):
    seeds = [Dual(value, float(position == index)) for position, value in enumerate(at)]
    forward.append(example(*seeds, dual_sin).rate)

inputs = [Var(value) for value in at]
backward(example(*inputs, Var.sin))

x = torch.tensor(at, dtype=torch.float64)
reference = torch.func.grad(lambda x: example(*x, torch.sin))(x)
print("forward, three passes:", *(f"{rate:+.10f}" for rate in forward))
print("reverse, one pass:    ", *(f"{number.gradient:+.10f}" for number in inputs))
print("torch:                ", *(f"{value:+.10f}" for value in reference))

# %% [markdown]
# The cost of each mode depends on the shape. A function from $n$ to $m$ numbers needs $n$ forward passes or $m$ reverse
# passes for its whole Jacobian. The next cell shows this: many inputs favour reverse mode, many outputs forward mode. A
# loss of a million weights is the extreme case of many inputs, so nobody computes its gradient in forward mode, one
# weight at a time.

# %%
shapes = [(32, 2), (16, 4), (8, 8), (4, 16), (2, 32)]


def passes(inputs, outputs):
    matrix, x = torch.randn(outputs, inputs), torch.randn(inputs)

    def function(x):
        return torch.tanh(matrix @ x)

    def forwards():
        return [torch.func.jvp(function, (x,), (v,))[1] for v in torch.eye(inputs)]

    def backwards():
        _, pull = torch.func.vjp(function, x)
        return [pull(weight)[0] for weight in torch.eye(outputs)]

    torch.testing.assert_close(torch.stack(forwards(), 1), torch.stack(backwards()))
    modes = {"forward": forwards, "reverse": backwards}
    return processor_seconds(modes, 0.1 if quick else 0.5)


timed = [
    {mode: 1e3 * value for mode, value in passes(*shape).items()} for shape in shapes
]

# %% tags=["figure"]
figure, axes = plt.subplots(figsize=(4.8, 2.9))
for mode, color in (("forward", BLUE), ("reverse", ORANGE)):
    label = f"{mode} mode, pass by pass"
    axes.plot([one[mode] for one in timed], "o-", color=color, label=label)
axes.set_xticks(range(len(shapes)), [f"{n} → {m}" for n, m in shapes])
axes.set(title="Time of a whole Jacobian", ylim=(0, None))
axes.set(xlabel="inputs → outputs", ylabel="milliseconds")
axes.legend()

# %% [markdown]
# ## The Jacobian
#
# For a function with several outputs the partial derivatives fill a matrix, one row per output. Near a point this
# matrix approximates the change of the function, with an error proportional to the squared distance. Polar coordinates,
# $(r, \varphi) \mapsto (r\cos(\varphi), r\sin(\varphi))$, have
#
# $$J = \begin{pmatrix} \cos(\varphi) & -r\sin(\varphi) \\
# \sin(\varphi) & r\cos(\varphi) \end{pmatrix}, \qquad \det J = r.$$
#
# A small square of side $s$ becomes, nearly, a parallelogram with area $r s^2$.


# %%
def polar(p):
    r, phi = p
    return torch.stack([r * torch.cos(phi), r * torch.sin(phi)])


corner = torch.tensor([1.0, 0.5], dtype=torch.float64)
jacobian = torch.func.jacfwd(polar)(corner)
print(jacobian.numpy())
print(f"determinant {torch.linalg.det(jacobian):.4f} at r = {corner[0]:g}")

# %% tags=["figure"]
figure, panels = plt.subplots(1, 2, figsize=(4.8, 2.7))
loop = torch.tensor([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=torch.float64)
edge = torch.cat(
    [a + torch.linspace(0, 1, 30)[:, None] * (b - a) for a, b in pairwise(loop)]
)
for side, color in ((0.6, BLUE), (0.25, ORANGE)):
    square = corner + side * edge
    panels[0].plot(*square.T, color=color)
    panels[1].plot(*polar(square.T), color=color)
    linear = polar(corner)[:, None] + jacobian @ (side * edge).T
    panels[1].plot(*linear, color=color, linewidth=1, linestyle=":")
panels[0].set(title="squares", xlabel="r", ylabel="φ", aspect="equal")
panels[1].set(title="their images; dotted: J", xlabel="x", ylabel="y", aspect="equal")

# %% [markdown]
# ## The Jacobian times a vector
#
# The product $J v$ is the effect of a small step along $v$: the directional derivative of every output. Forward mode
# computes it **without forming $J$**, in one pass that carries the derivative of every intermediate result. This is
# `torch.func.jvp`, the *Jacobian-vector product* (JVP).
#
# The example maps a curve and its velocity from polar coordinates.

# %%
time = torch.linspace(0, 1, 80, dtype=torch.float64)


def curve(t):
    return torch.stack([0.6 + 0.8 * t, 0.2 + 1.8 * t**2])


moments = torch.tensor([0.15, 0.45, 0.75, 0.95], dtype=torch.float64)
pushed = []
for moment in moments:
    place, velocity = torch.func.jvp(curve, (moment,), (torch.ones_like(moment),))
    image, image_velocity = torch.func.jvp(polar, (place,), (velocity,))
    pushed.append((place, velocity, image, image_velocity))
    whole = torch.func.jacfwd(polar)(place) @ velocity
    print(f"t = {moment:.2f}: jvp {image_velocity.numpy()}   J v {whole.numpy()}")

# %% tags=["figure"]
figure, panels = plt.subplots(1, 2, figsize=(4.8, 2.8))
panels[0].plot(*curve(time), color=INK)
panels[1].plot(*polar(curve(time)), color=INK)
form = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.012, "zorder": 3}
for place, velocity, image, image_velocity in pushed:
    panels[0].quiver(*place, *(0.3 * velocity), color=ORANGE, **form)
    panels[1].quiver(*image, *(0.3 * image_velocity), color=ORANGE, **form)
panels[0].set(title="a curve and its velocity", xlabel="r", ylabel="φ")
panels[1].set(title="both, pushed through", xlabel="x", ylabel="y", aspect="equal")
for axes in panels:
    axes.margins(0.12)

# %% [markdown]
# ## What comes next
#
# For a loss, $J$ is a single row, the gradient, and $J v$ a single number: the exact directional derivative of the loss
# along $v$, from one forward pass, for any number of weights. Multiplied by a random $v$ it is an *unbiased* estimate
# of the gradient. The [next notebook](forward_gradient.html) is about this estimate.
