"""L-BFGS: the closure runs many times per step."""

import sys

import torch
from leaving import leave, seed
from torch import nn

seed(8)
x = torch.linspace(-2, 2, 60).unsqueeze(1)
y = torch.sin(3 * x)
model = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4, line_search_fn="strong_wolfe")
calls = 0


def closure():
    global calls
    calls += 1
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    return loss


losses = [optimizer.step(closure).item() for _ in range(15)]
leave(sys.argv[1], [model], [optimizer], losses=losses, calls=calls)
