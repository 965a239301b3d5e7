"""Fit a small network by damped Gauss-Newton steps: no loss.backward, no optimizer, full batch."""
import os

import torch
from torch import nn
from torch.func import functional_call, jacrev, vmap

torch.manual_seed(int(os.environ.get("SEED", 0)))
x = torch.linspace(-1, 1, 120).unsqueeze(1)
truth = torch.exp(-((x - 0.4) / 0.15) ** 2) + 0.6 * torch.exp(-((x + 0.5) / 0.25) ** 2)
y = truth + 0.02 * torch.randn_like(x)

net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))
names = [name for name, _ in net.named_parameters()]
shapes = [p.shape for _, p in net.named_parameters()]
sizes = [s.numel() for s in shapes]


def unpack(flat):
    return {n: part.view(s) for n, s, part in zip(names, shapes, flat.split(sizes))}


def predict(flat, point):
    return functional_call(net, unpack(flat), (point.unsqueeze(0),)).squeeze()


flat = torch.cat([p.detach().flatten() for p in net.parameters()])
damping = 1.0
residual = vmap(predict, (None, 0))(flat, x) - y.squeeze(1)
cost = residual.square().sum()
for step in range(60):
    jac = vmap(jacrev(predict), (None, 0))(flat, x)
    normal = jac.T @ jac
    move = torch.linalg.solve(normal + damping * torch.eye(len(flat)), jac.T @ residual)
    trial = flat - move
    trial_residual = vmap(predict, (None, 0))(trial, x) - y.squeeze(1)
    if trial_residual.square().sum() < cost:
        flat, residual, cost = trial, trial_residual, trial_residual.square().sum()
        damping = max(damping / 3, 1e-6)
    else:
        damping = min(damping * 2, 1e6)
    if step % 10 == 9:
        print(f"step {step + 1} cost {cost.item():.5f} damping {damping:.2g}")

with torch.no_grad():
    for p, value in zip(net.parameters(), unpack(flat).values()):
        p.copy_(value)
    print(f"rmse to the clean curve {(net(x) - truth).square().mean().sqrt().item():.5f}")
