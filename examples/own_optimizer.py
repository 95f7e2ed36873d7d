"""Train your own network by forward gradients with an optimizer of torch.optim, by a closure.

`write_gradient_` does the same step by step: it stands for `loss.backward()`, as examples/residual.py shows.

Run it with `python examples/own_optimizer.py`; it takes seconds and downloads nothing.
"""

import torch
from digits import batches, report
from torch import nn

from forwardgrad import ForwardOptimizer

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
criterion = nn.CrossEntropyLoss()

adam = torch.optim.Adam(model.parameters(), lr=0.003)
optimizer = ForwardOptimizer(adam, model, "forward_rank_one")  # 1: any key of forwardgrad.ESTIMATORS but activity

for step, (inputs, targets) in enumerate(batches(epochs=100), start=1):
    loss = optimizer.step(lambda: criterion(model(inputs), targets))  # noqa: B023  2: no backward(), no zero_grad()
    report(step, loss, model)
