"""How much two instruments know of each other: the Donsker-Varadhan bound, pushed up by a critic."""

import argparse
import math
import os

import torch
import torch.nn as nn

DIM, RHO = 4, 0.8
TRUE = -0.5 * DIM * math.log(1 - RHO**2)


def readings(n):
    a = torch.randn(n, DIM)
    b = RHO * a + math.sqrt(1 - RHO**2) * torch.randn(n, DIM)
    return a, torch.sinh(0.7 * b)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Sequential(nn.Linear(DIM, 64), nn.ELU(), nn.Linear(64, 32))
        self.right = nn.Sequential(nn.Linear(DIM, 64), nn.ELU(), nn.Linear(64, 32))
        self.own = nn.Sequential(nn.Linear(DIM, 32), nn.ELU(), nn.Linear(32, 1))

    def forward(self, a, b):
        return self.left(a) @ self.right(b).T / 8 + self.own(b).T


def bound(critic, a, b):
    table = critic(a, b)
    n = len(a)
    apart = table[~torch.eye(n, dtype=torch.bool)]
    return table.diagonal().mean() - (torch.logsumexp(apart, 0) - math.log(len(apart)))


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--steps", type=int, default=500)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    critic = Critic()
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.99))
    for step in range(args.steps):
        loss = -bound(critic, *readings(96))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"{step:4d} loss {loss.item():+.4f}")
    critic.eval()
    with torch.no_grad():
        fresh = sum(bound(critic, *readings(400)).item() for _ in range(5)) / 5
    print(f"fresh pairs: at least {fresh:.4f} nats (true {TRUE:.4f})")
