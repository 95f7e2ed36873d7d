"""Every layer of `torch.nn`, as code: rows of docs/layers.md.

A row is evaluated: what stands in the table is what is tested. `x` is the layer's input, by the names of `INPUTS`.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

BATCH = 4
SHAPES = {"rows": (6,), "signal": (4, 6), "image": (4, 6, 6), "volume": (4, 4, 4, 4), "columns": (8, 12)}
ABSTRACT = {"Container", "Module", "RNNBase", "RNNCellBase"}
CONTAINERS = {"ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"}
ELSEWHERE = {"DataParallel": "several GPUs", "SyncBatchNorm": "several processes, each with a GPU"}

# What a layer is called on; those after the arrow are called as it says, not as layer(x).
LAYERS = {
    "rows": """
        Linear(6, 4)
        Linear(6, 4, bias=False)
        Bilinear(6, 6, 4) -> layer(x, x)
        Identity()
        Unflatten(1, (2, 3))
        BatchNorm1d(6)
        BatchNorm1d(6, affine=False)
        BatchNorm1d(6, track_running_stats=False)
        LayerNorm(6)
        RMSNorm(6)
        GroupNorm(2, 6)
        RNNCell(6, 4)
        LSTMCell(6, 4) -> layer(x)[0]
        GRUCell(6, 4)
        CosineSimilarity() -> layer(x, x.flip(1))[:, None]
        PairwiseDistance() -> layer(x, x.flip(1))[:, None]
        AdaptiveLogSoftmaxWithLoss(6, 8, [3, 5], 2.0) -> layer.log_prob(x)
        CELU()
        ELU()
        GELU()
        GELU("tanh")
        GLU()
        Hardshrink()
        Hardsigmoid()
        Hardswish()
        Hardtanh()
        LeakyReLU()
        LogSigmoid()
        LogSoftmax(1)
        Mish()
        PReLU()
        PReLU(6)
        RReLU()
        ReLU()
        ReLU(inplace=True)
        ReLU6()
        SELU()
        SiLU()
        Sigmoid()
        Softmax(1)
        Softmin(1)
        Softplus()
        Softshrink()
        Softsign()
        Tanh()
        Tanhshrink()
        Threshold(0.1, -0.2)
        Dropout()
        AlphaDropout()
        FeatureAlphaDropout()
        LazyLinear(4)
    """,
    "signal": """
        Flatten()
        Linear(6, 4)
        Conv1d(4, 6, 3)
        Conv1d(4, 4, 3, groups=2, padding="same", padding_mode="replicate")
        ConvTranspose1d(4, 3, 3, 2)
        BatchNorm1d(4)
        InstanceNorm1d(4, affine=True)
        LayerNorm((4, 6))
        RNN(6, 4, batch_first=True) -> layer(x)[0]
        LSTM(6, 4, 2, batch_first=True, bidirectional=True, dropout=0.2) -> layer(x)[0]
        GRU(6, 4, batch_first=True) -> layer(x)[0]
        MultiheadAttention(6, 2, dropout=0.1, batch_first=True) -> layer(x, x, x)[0]
        MultiheadAttention(6, 2, batch_first=True) -> layer(x, x, x, need_weights=False)[0]
        TransformerEncoderLayer(6, 2, 8, batch_first=True)
        TransformerDecoderLayer(6, 2, 8, batch_first=True) -> layer(x, x)
        TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), 1)
        TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8, batch_first=True), 1) -> layer(x, x)
        Transformer(6, 2, 1, 1, 8, batch_first=True) -> layer(x, x)
        PReLU(4)
        Dropout1d()
        AvgPool1d(2)
        MaxPool1d(2)
        MaxPool1d(3, 1, 1, 2)
        LPPool1d(2, 2)
        AdaptiveAvgPool1d(4)
        AdaptiveMaxPool1d(4)
        MaxUnpool1d(2) -> layer(*F.max_pool1d(x, 2, return_indices=True))
        CircularPad1d(1)
        ConstantPad1d(1, 0.5)
        ReflectionPad1d(1)
        ReplicationPad1d(1)
        ZeroPad1d(1)
        LazyConv1d(6, 3)
        LazyConvTranspose1d(3, 3)
        LazyBatchNorm1d()
        LazyInstanceNorm1d()
    """,
    "image": """
        Conv2d(4, 6, 3)
        Conv2d(4, 6, 3, stride=2, padding=1, bias=False)
        Conv2d(4, 4, 3, groups=2, dilation=2)
        Conv2d(4, 4, 3, groups=4)
        Conv2d(4, 6, 3, padding="same", padding_mode="circular")
        ConvTranspose2d(4, 3, 3, stride=2, output_padding=1)
        ConvTranspose2d(4, 4, 3, groups=2)
        BatchNorm2d(4)
        InstanceNorm2d(4)
        InstanceNorm2d(4, affine=True, track_running_stats=True)
        GroupNorm(2, 4)
        LayerNorm((4, 6, 6))
        LocalResponseNorm(2)
        CrossMapLRN2d(2)
        PReLU(4)
        Softmax2d()
        Dropout2d()
        AvgPool2d(2)
        MaxPool2d(2)
        MaxPool2d(3, 2, 1, ceil_mode=True)
        LPPool2d(2, 2)
        AdaptiveAvgPool2d(4)
        AdaptiveMaxPool2d(4)
        FractionalMaxPool2d(2, output_size=3)
        MaxUnpool2d(2) -> layer(*F.max_pool2d(x, 2, return_indices=True))
        CircularPad2d(1)
        ConstantPad2d(1, 0.5)
        ReflectionPad2d(1)
        ReplicationPad2d(1)
        ZeroPad2d(1)
        ChannelShuffle(2)
        PixelShuffle(2)
        PixelUnshuffle(2)
        Unfold(3)
        Upsample(scale_factor=2)
        Upsample(scale_factor=2, mode="bicubic")
        UpsamplingBilinear2d(scale_factor=2)
        UpsamplingNearest2d(scale_factor=2)
        LazyConv2d(6, 3)
        LazyConvTranspose2d(3, 3)
        LazyBatchNorm2d()
        LazyInstanceNorm2d()
    """,
    "columns": "Fold((4, 5), 2)",
    "volume": """
        Conv3d(4, 3, 2)
        Conv3d(4, 4, 2, groups=2)
        ConvTranspose3d(4, 3, 2)
        BatchNorm3d(4)
        InstanceNorm3d(4, affine=True)
        Dropout3d()
        AvgPool3d(2)
        MaxPool3d(2)
        LPPool3d(2, 2)
        AdaptiveAvgPool3d(2)
        AdaptiveMaxPool3d(2)
        FractionalMaxPool3d(2, output_size=2)
        MaxUnpool3d(2) -> layer(*F.max_pool3d(x, 2, return_indices=True))
        CircularPad3d(1)
        ConstantPad3d(1, 0.5)
        ReflectionPad3d(1)
        ReplicationPad3d(1)
        ZeroPad3d(1)
        LazyConv3d(3, 2)
        LazyConvTranspose3d(3, 2)
        LazyBatchNorm3d()
        LazyInstanceNorm3d()
    """,
    "ids": """
        Embedding(7, 6)
        Embedding(7, 6, padding_idx=0)
        Embedding(7, 6, max_norm=0.5)
        Embedding(7, 6, scale_grad_by_freq=True)
        Embedding(7, 6, sparse=True)
        EmbeddingBag(7, 6)
        EmbeddingBag(7, 6, mode="sum", padding_idx=0)
        EmbeddingBag(7, 6, mode="max")
    """,
}


def layers():
    """Yield every row: its code, the name of its inputs and how the layer is called."""
    for inputs, rows in LAYERS.items():
        for row in filter(None, map(str.strip, rows.split("\n"))):
            code, _, call = row.partition(" -> ")
            yield code, inputs, call or "layer(x)"


def make(code):
    """The layer that `code` makes, in float64."""
    return eval(f"nn.{code}", {"nn": nn}).double()


def inputs(name):
    """A batch of the inputs called `name`."""
    return torch.randint(7, (BATCH, 5)) if name == "ids" else torch.randn(BATCH, *SHAPES[name]).double()


class Around(nn.Module):
    """A network around a layer: a linear layer in front, so that a tangent arrives there, and one behind."""

    def __init__(self, layer, call, batch):
        super().__init__()
        self.front = nn.Linear(batch.shape[-1], batch.shape[-1]) if batch.is_floating_point() else nn.Identity()
        self.layer, self.call = layer, eval(f"lambda layer, x: {call}", {"F": F})
        with torch.no_grad():
            self.back = nn.Linear(math.prod(self.call(layer, batch).shape[1:]), 3)

    def forward(self, x):
        return self.back(self.call(self.layer, self.front(x)).flatten(1))
