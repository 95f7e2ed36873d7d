"""Networks that are no chain of layers: graphs, generators, shared and routed modules, weights that are computed."""

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, prune

from .case import BATCH, CLASSES, Case, labels

WIDTH, NODES = 8, 10


class Messages(nn.Module):
    """A graph network: messages along edges, added up at their ends, with attention over each node's edges."""

    def __init__(self):
        super().__init__()
        self.message = nn.ModuleList((nn.Linear(3 * 2, WIDTH), nn.Linear(2 * WIDTH, WIDTH)))
        self.weigh = nn.ModuleList((nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def forward(self, nodes, edges):
        source, target = edges
        for message, weigh in zip(self.message, self.weigh, strict=True):
            sent = F.leaky_relu(message(torch.cat((nodes[source], nodes[target]), 1)))
            scores = weigh(sent).exp()
            total = scores.new_zeros(len(nodes), 1).index_add(0, target, scores)
            received = sent.new_zeros(len(nodes), WIDTH)
            nodes = received.scatter_add(0, target[:, None].expand(-1, WIDTH), sent * scores / (total[target] + 1))
        return self.head(self.norm(nodes))


def graph():
    inputs = torch.randn(NODES, 3), torch.randint(NODES, (2, 30))
    return Case(Messages(), F.cross_entropy, inputs, labels(NODES))


class UNet(nn.Module):
    """Down, up by a transposed convolution and by interpolation, with skips."""

    def __init__(self):
        super().__init__()
        self.enter, self.down, self.deep = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, 2, 1), nn.Conv2d(8, 8, 1)
        self.norm, self.up = nn.InstanceNorm2d(8, affine=True), nn.ConvTranspose2d(8, 4, 2, 2)
        self.leave = nn.Conv2d(8, CLASSES, 3, padding="same", padding_mode="reflect")

    def forward(self, image):
        high = F.silu(self.enter(image))
        low = F.silu(self.norm(self.down(high)))
        low = low + F.interpolate(self.deep(F.max_pool2d(low, 2)), scale_factor=2, mode="bilinear")
        return self.leave(torch.cat((self.up(low), high), 1))


def generator():
    """As in DCGAN: an image from noise."""
    layers = nn.Sequential(
        nn.ConvTranspose2d(6, 8, 4, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(True),
        nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(True),
        nn.ConvTranspose2d(4, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )
    return Case(layers, F.mse_loss, torch.randn(BATCH, 6, 1, 1), torch.randn(BATCH, 3, 16, 16))


class Siamese(nn.Module):
    """One module, called twice; a tuple of what it makes."""

    def __init__(self):
        super().__init__()
        self.branch = nn.Sequential(nn.Linear(6, WIDTH), nn.BatchNorm1d(WIDTH), nn.PReLU(), nn.Linear(WIDTH, 4))

    def forward(self, first, second):
        return self.branch(first), self.branch(second)


def siamese():
    def loss(outputs, targets):
        return F.cosine_embedding_loss(*outputs, targets, margin=0.1)

    return Case(Siamese(), loss, (torch.randn(BATCH, 6), torch.randn(BATCH, 6)), torch.tensor([1, -1, 1, -1]))


def normalised(change):
    """Weights computed from others by a parametrization, of a convolution and of a linear layer."""
    layers = change(nn.Conv2d(3, 4, 3)), nn.ReLU(), nn.Flatten(), change(nn.Linear(144, CLASSES))
    return Case(nn.Sequential(*layers), F.cross_entropy, torch.randn(BATCH, 3, 8, 8), labels())


def pruned():
    layer = prune.l1_unstructured(nn.Linear(6, WIDTH), "weight", amount=0.5)
    model = nn.Sequential(layer, nn.Tanh(), nn.Linear(WIDTH, CLASSES))
    return Case(model, F.cross_entropy, torch.randn(BATCH, 6), labels())


class Adaptive(nn.Module):
    """Control flow that depends on the data: one layer over and over until its output is small, then one of two."""

    def __init__(self):
        super().__init__()
        self.again, self.positive, self.negative = nn.Linear(6, 6), nn.Linear(6, CLASSES), nn.Linear(6, CLASSES)
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))

    def forward(self, inputs):
        while inputs.norm() > 1:
            self.calls += 1
            inputs = self.again(inputs).tanh() / (1 + self.calls)
        return self.positive(inputs) if inputs.sum() > 0 else self.negative(inputs)


class Experts(nn.Module):
    """Each example goes to the expert that a gate gives the highest probability, and is weighted by it."""

    def __init__(self):
        super().__init__()
        self.gate, self.experts = nn.Linear(6, 3), nn.ModuleList(nn.Linear(6, CLASSES) for _ in range(3))

    def forward(self, inputs):
        weights, chosen = self.gate(inputs).softmax(1).max(1)
        outputs = inputs.new_zeros(len(inputs), CLASSES)
        for index, expert in enumerate(self.experts):
            (rows,) = torch.where(chosen == index)
            outputs = outputs.index_add(0, rows, weights[rows, None] * expert(inputs[rows]))
        return outputs


class Adapted(nn.Module):
    """A frozen layer with a low-rank adapter, and a layer whose weights another network makes."""

    def __init__(self):
        super().__init__()
        self.base = nn.Linear(6, WIDTH).requires_grad_(False)
        self.down, self.up = nn.Parameter(torch.randn(2, 6)), nn.Parameter(torch.randn(WIDTH, 2))
        self.code, self.hyper = nn.Parameter(torch.randn(3)), nn.Linear(3, CLASSES * WIDTH)

    def forward(self, inputs):
        hidden = torch.relu(self.base(inputs) + inputs @ self.down.t() @ self.up.t())
        return F.linear(hidden, self.hyper(self.code).view(CLASSES, WIDTH))


class Variational(nn.Module):
    """An autoencoder with noise of its own, whose decoder is the encoder's transpose; returns a dict."""

    def __init__(self):
        super().__init__()
        self.encode, self.spread, self.bias = nn.Linear(6, 4), nn.Linear(6, 4), nn.Parameter(torch.zeros(6))

    def forward(self, inputs):
        mean, spread = self.encode(inputs), self.spread(inputs)
        code = mean + torch.randn_like(mean) * (spread / 2).exp()
        return {"image": F.linear(code, self.encode.weight.t(), self.bias), "mean": mean, "spread": spread}


def variational():
    def loss(outputs, targets):
        mean, spread = outputs["mean"], outputs["spread"]
        return F.mse_loss(outputs["image"], targets) + (mean.square() + spread.exp() - spread - 1).mean() / 2

    inputs = torch.randn(BATCH, 6)
    return Case(Variational(), loss, inputs, inputs)


class Paired(nn.Module):
    """Two inputs meet in a bilinear layer; its own normalisation has parameters and buffers of its own."""

    def __init__(self):
        super().__init__()
        self.meet, self.norm, self.head = nn.Bilinear(6, 4, WIDTH), nn.RMSNorm(WIDTH), nn.Linear(WIDTH, CLASSES)
        self.scale = nn.Parameter(torch.randn(WIDTH))
        self.register_buffer("average", torch.zeros(WIDTH))

    def forward(self, first, second):
        hidden = self.norm(self.meet(first, second))
        with torch.no_grad():
            self.average.lerp_(hidden.mean(0), 0.1)
        return self.head((hidden - self.average) * self.scale)


def paired():
    inputs = torch.randn(BATCH, 6), torch.randn(BATCH, 4)
    return Case(Paired(), F.cross_entropy, inputs, labels())


def vectors(model):
    return Case(model, F.cross_entropy, torch.randn(BATCH, 6), labels())


ZOO = {
    "graph": graph,
    "unet": lambda: Case(UNet(), F.cross_entropy, torch.randn(BATCH, 3, 8, 8), labels(BATCH, 8, 8)),
    "generator": generator,
    "siamese": siamese,
    "weight_norm": partial(normalised, parametrizations.weight_norm),
    "spectral_norm": partial(normalised, parametrizations.spectral_norm),
    "orthogonal": partial(normalised, parametrizations.orthogonal),
    "pruned": pruned,
    "adaptive": lambda: vectors(Adaptive()),
    "experts": lambda: vectors(Experts()),
    "adapted": lambda: vectors(Adapted()),
    "variational": variational,
    "paired": paired,
}
