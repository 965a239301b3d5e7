"""Model-agnostic meta-learning: second-order gradients through inner updates, a new task at every step."""
import argparse
import math
import os

import torch
import torch.nn as nn
from torch.func import functional_call

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)


class Task:
    def __init__(self):
        self.amplitude = 0.5 + 2.0 * torch.rand(1)
        self.phase = math.pi * torch.rand(1)

    def draw(self, n):
        x = torch.empty(n, 1).uniform_(-4, 4)
        return x, self.amplitude * torch.sin(x + self.phase)


def adapt(model, params, x, y, rate=0.02, steps=2, keep_graph=True):
    for _ in range(steps):
        loss = (functional_call(model, params, (x,)) - y).square().mean()
        grads = torch.autograd.grad(loss, tuple(params.values()), create_graph=keep_graph)
        params = {name: p - rate * g for (name, p), g in zip(params.items(), grads)}
    return params


model = nn.Sequential(nn.Linear(1, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 1))
meta = torch.optim.Adam(model.parameters(), lr=3e-3)
history = []
for iteration in range(350):
    meta.zero_grad()
    total = 0.0
    for _ in range(4):
        task = Task()
        fast = adapt(model, dict(model.named_parameters()), *task.draw(10))
        x, y = task.draw(10)
        loss = (functional_call(model, fast, (x,)) - y).square().mean() / 4
        loss.backward()
        total += loss.item()
    meta.step()
    history.append(total)
    if iteration % 50 == 49:
        print(f"iteration {iteration + 1} query loss {sum(history[-50:]) / 50:.4f}")

before = after = 0.0
for _ in range(50):
    task = Task()
    support, (x, y) = task.draw(10), task.draw(50)
    start = {name: p.detach().requires_grad_() for name, p in model.named_parameters()}
    tuned = adapt(model, start, *support, steps=5, keep_graph=False)
    with torch.no_grad():
        before += (model(x) - y).square().mean().item() / 50
        after += (functional_call(model, tuned, (x,)) - y).square().mean().item() / 50
print(f"error before adapting {before:.4f} after five steps {after:.4f}")
