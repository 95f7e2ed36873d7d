"""A convolutional network with a fraction of its channels: its own modules, depth and forward, at small cost.

Build the network under `torch.device("meta")`, so that the wide weights are never allocated.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

COLOURS = 3


def thin(model, factor):
    """Divide the channels of all convolutions, normalisations and linear layers, the image's left out; initialise.

    Where a network concatenates, its channels must be divisible by `factor`.
    """
    for module in model.modules():
        if isinstance(module, _ConvNd):
            outputs, inputs, *kernel = module.weight.shape
            if module.groups > 1:
                module.groups //= factor  # of as many channels each
            elif inputs != COLOURS:
                inputs //= factor
            module.out_channels, module.in_channels = outputs // factor, inputs * module.groups
            _resize(module, module.out_channels, inputs, *kernel)
        elif isinstance(module, nn.Linear):
            module.out_features //= factor
            module.in_features //= factor
            _resize(module, module.out_features, module.in_features)
        elif isinstance(module, _BatchNorm):
            module.num_features //= factor
            _resize(module, module.num_features)
            for name in ("running_mean", "running_var"):
                module.register_buffer(name, torch.empty(module.num_features))
    model.to_empty(device="cpu")
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return model


def _resize(module, outputs, *others):
    module.weight = nn.Parameter(torch.empty(outputs, *others))
    if module.bias is not None:
        module.bias = nn.Parameter(torch.empty(outputs))
