"""A controller that keeps a tipping tray level, trained through the simulated motion itself."""

import argparse
import os

import torch
from torch import nn


class Waiter(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 1))

    def forward(self, state):
        return self.net(state).squeeze(1)


def carry(policy, state, steps=20, dt=0.15):
    """mean cost of one walk; the tray tips over by itself when nobody acts"""
    angle, speed = state.unbind(1)
    cost = 0.0
    for _ in range(steps):
        push = policy(torch.stack([angle, speed], dim=1))
        speed = speed + dt * (2.5 * angle - 0.2 * speed + 4.0 * push)
        angle = angle + dt * speed
        cost = cost + (angle**2 + 0.1 * speed**2 + 0.01 * push**2).mean()
    return cost / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--batch", type=int, default=32)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    policy = Waiter()
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.03, momentum=0.8)
    trays = 0.5 * torch.randn(500, 2)
    with torch.no_grad():
        before = carry(policy, trays).item()
    for it in range(args.iterations):
        cost = carry(policy, 0.5 * torch.randn(args.batch, 2))
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if it % 20 == 0:
            print(f"{it:4d}  cost {cost.item():.4f}")
    with torch.no_grad():
        after = carry(policy, trays).item()
    print(f"cost before {before:.4f}")
    print(f"final cost {after:.4f}")


if __name__ == "__main__":
    main()
