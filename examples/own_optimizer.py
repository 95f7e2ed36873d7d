"""Train your own network by forward gradients with an optimizer of torch.optim.

Run it with `python examples/own_optimizer.py`; it takes seconds and downloads nothing.
"""

import torch
from digits import batches, report
from torch import nn

from forwardgrad import make_estimator, write_gradient_

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

estimator = make_estimator("forward_rank_one", model, nn.CrossEntropyLoss())  # 1: any key of forwardgrad.ESTIMATORS

for step, (inputs, targets) in enumerate(batches(epochs=100), start=1):
    estimate = estimator(inputs, targets)
    optimizer.zero_grad()
    write_gradient_(model, estimate)  # 2: replaces loss.backward()
    optimizer.step()  # 3: as usual
    report(step, estimate.loss, model)
