"""Train your own network by forward gradients: no backward pass, and plain SGD in place.

Run it with `python examples/own_network.py`; it takes seconds and downloads nothing.
"""

import torch
from digits import batches, report
from torch import nn

from forwardgrad.gradients import detached, make_estimator

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

estimator = make_estimator("forward_rank_one", model, nn.CrossEntropyLoss())  # 1: any key of gradients.ESTIMATORS
parameters = detached(model)  # 2: the model's own parameters, out of autograd's sight

for step, (inputs, targets) in enumerate(batches(epochs=100), start=1):
    estimate = estimator(inputs, targets)
    estimate.add_to_(parameters, -0.005)  # 3: parameters += -rate * estimate
    report(step, estimate.loss, model)
