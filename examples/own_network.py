"""Train your own network by forward gradients: no backward pass, and plain SGD in place.

Run it with `python examples/own_network.py`; it takes seconds and downloads nothing.
"""

import torch
from digits import batches, report
from torch import nn

from forwardgrad import make_estimator, step_

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

estimator = make_estimator("forward_rank_one", model, nn.CrossEntropyLoss())  # 1: any key of forwardgrad.ESTIMATORS

for step, (inputs, targets) in enumerate(batches(epochs=100), start=1):
    estimate = estimator(inputs, targets)  # 2: loss and estimate of the gradient, from one forward pass
    step_(model, estimate, learning_rate=0.005)  # 3: parameters -= learning_rate * estimate
    report(step, estimate.loss, model)
