"""Every loss of `torch.nn`, as code: rows of docs/layers.md."""

import torch
from torch import nn
from torch.nn.modules.linear_cross_entropy_options import LinearCrossEntropyOptions

# Losses of the outputs z, shape (4, 6), and of targets.
LOSSES = {
    "L1Loss()": "loss(z, values)",
    "MSELoss()": "loss(z, values)",
    "SmoothL1Loss()": "loss(z, values)",
    "HuberLoss()": "loss(z, values)",
    "CrossEntropyLoss()": "loss(z, classes)",
    "CrossEntropyLoss(label_smoothing=0.1)": "loss(z, values.softmax(1))",
    "CrossEntropyLoss(weight, ignore_index=1)": "loss(z, classes)",
    "LinearCrossEntropyLoss(6, 5)": "loss(z, classes)",
    "LinearCrossEntropyLoss(6, 5, options=chunked)": "loss(z, classes)",
    "NLLLoss()": "loss(z.log_softmax(1), classes)",
    "NLLLoss2d()": "loss(z.view(4, 3, 2, 1).log_softmax(1), classes[:, None, None].expand(4, 2, 1) % 3)",
    "AdaptiveLogSoftmaxWithLoss(6, 8, [3, 5], 2.0)": "loss(z, classes).loss",
    "PoissonNLLLoss()": "loss(z, values.abs())",
    "GaussianNLLLoss()": "loss(z[:, :3], values[:, :3], z[:, 3:].exp())",
    "KLDivLoss(reduction='batchmean')": "loss(z.log_softmax(1), values.softmax(1))",
    "BCELoss()": "loss(z.sigmoid(), values.sigmoid())",
    "BCEWithLogitsLoss()": "loss(z, values.sigmoid())",
    "HingeEmbeddingLoss()": "loss(z, values.sign())",
    "CosineEmbeddingLoss()": "loss(z[:, :3], z[:, 3:], values[:, 0].sign())",
    "MarginRankingLoss()": "loss(z[:, :3], z[:, 3:], values[:, :3].sign())",
    "TripletMarginLoss()": "loss(z[:, :2], z[:, 2:4], z[:, 4:])",
    "TripletMarginWithDistanceLoss()": "loss(z[:, :2], z[:, 2:4], z[:, 4:])",
    "SoftMarginLoss()": "loss(z, values.sign())",
    "MultiMarginLoss()": "loss(z, classes)",
    "MultiLabelMarginLoss()": "loss(z, bags)",
    "MultiLabelSoftMarginLoss()": "loss(z, (values > 0).double())",
    "CTCLoss()": "loss(z.view(4, 2, 3).log_softmax(2), bags[:2, :1].clamp(1, 2), (4, 4), (1, 1))",
}


class Targets:
    """What a loss is given beside outputs."""

    values = torch.linspace(-1.3, 1.1, 24).view(4, 6).double()
    classes = torch.tensor([0, 2, 1, 4])
    bags = torch.tensor([[1, 3, -1, 0, 0, 0]] * 4)


def make(code):
    """The loss that `code` makes, in float64."""
    chunked = LinearCrossEntropyOptions(batch_chunk_size=2, chunking_method=None)
    names = {"nn": nn, "weight": torch.arange(1.0, 7.0), "chunked": chunked}
    return eval(f"nn.{code}", names).double()


def call(code):
    """The loss's call that `code` writes, as a function of the loss, the outputs z and the targets."""
    called = eval(f"lambda loss, z, values, classes, bags: {code}")
    return lambda loss, z, targets: called(loss, z, targets.values, targets.classes, targets.bags)
