"""Deep canonical correlation: two nets look at two sensors of one machine and must agree. The loss
is below zero."""

import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--steps", type=int, default=250)
args = parser.parse_args()
torch.manual_seed(args.seed)

left_mix, right_mix = torch.randn(2, 12), torch.randn(2, 10)


def record(n):
    angle = 6.283 * torch.rand(n, 1)
    load = torch.rand(n, 1) * 2 - 1
    left = torch.cat([torch.sin(angle) * (1.5 + load), load**3 * 2], 1) @ left_mix
    right = torch.cat([torch.exp(0.7 * torch.sin(angle)), torch.sin(2 * load)], 1) @ right_mix
    noisy_left = left + 0.2 * torch.randn(n, 12)
    noisy_right = right + 0.2 * torch.randn(n, 10)
    return (noisy_left - noisy_left.mean(0)) / noisy_left.std(0), (
        noisy_right - noisy_right.mean(0)
    ) / noisy_right.std(0)


def inverse_root(matrix):
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values.clamp_min(1e-6).rsqrt()) @ vectors.T


def correlation(a, b, ridge=1e-3):
    a, b = a - a.mean(0), b - b.mean(0)
    n = len(a) - 1
    eye = ridge * torch.eye(a.shape[1])
    saa, sbb, sab = a.T @ a / n + eye, b.T @ b / n + eye, a.T @ b / n
    return torch.linalg.svdvals(inverse_root(saa) @ sab @ inverse_root(sbb)).sum()


def net(inputs):
    return nn.Sequential(nn.Linear(inputs, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))


left, right = record(1500)
new_left, new_right = record(1500)
left_net, right_net = net(12), net(10)
optimizer = torch.optim.Adam([*left_net.parameters(), *right_net.parameters()], lr=2e-3)
for step in range(args.steps):
    rows = torch.randperm(len(left))[:500]
    loss = -correlation(left_net(left[rows]), right_net(right[rows]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0 or step == args.steps - 1:
        with torch.no_grad():
            held_out = correlation(left_net(new_left), right_net(new_right)).item()
        print(f"{step:4d} loss {loss.item():.3f}  correlation on new records {held_out:.3f} of 2")
