"""Yield of plots from soil and weather, measured with a large error of its own."""
import argparse

import torch
from torch import nn


def plots(n, w, noise):
    x = torch.randn(n, 9)
    clean = torch.sin(x @ w[:, 0]) + 0.7 * (x @ w[:, 1]) + 0.5 * torch.relu(x @ w[:, 2])
    clean = clean - clean.mean()
    return x, (clean + noise * torch.randn(n)).unsqueeze(1), clean.unsqueeze(1)


def build():
    net = nn.Sequential(nn.Linear(9, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    nn.init.zeros_(net[-1].bias)
    return net


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--lr", type=float, default=0.02)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    w = torch.randn(9, 3) * 0.5
    x, measured, _ = plots(5000, w, noise=3.0)
    x_new, _, clean_new = plots(1000, w, noise=3.0)

    net = build()
    optimizer = torch.optim.SGD(net.parameters(), lr=args.lr)
    smoothed = None
    for step in range(args.steps):
        i = torch.randint(0, len(x), (args.batch_size,))
        loss = nn.functional.mse_loss(net(x[i]), measured[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        smoothed = loss.item() if smoothed is None else 0.98 * smoothed + 0.02 * loss.item()
        if step % 100 == 99:
            print(f"step {step + 1} smoothed loss {smoothed:.3f}")
    with torch.no_grad():
        rmse = (net(x_new) - clean_new).pow(2).mean().sqrt().item()
    print(f"rmse against the true yield {rmse:.4f} (mean alone {clean_new.std().item():.4f})")


if __name__ == "__main__":
    main()
