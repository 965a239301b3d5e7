"""Loans under the condition that both districts are granted equally often; the price of the condition is learned."""

import os
from argparse import ArgumentParser

import torch
import torch.nn as nn
import torch.nn.functional as F


def applicants(n):
    district = torch.randint(0, 2, (n,))
    x = torch.randn(n, 8)
    x[:, 0] += 0.9 * district
    x[:, 3] += 0.5 * district
    score = 1.2 * x[:, 0] - x[:, 1] + 0.8 * x[:, 2] * x[:, 4] - 0.3
    return x, district, (score + 0.5 * torch.randn(n) > 0).float()


def gap(logit, district):
    granted = torch.sigmoid(logit)
    return granted[district == 1].mean() - granted[district == 0].mean()


class Lagrangian:
    def __init__(self, tolerance=0.05):
        self.net = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
        self.price = nn.Parameter(torch.zeros(2))
        self.tolerance = tolerance
        self.descend = torch.optim.Adam(self.net.parameters(), lr=2e-3)
        self.ascend = torch.optim.SGD([self.price], lr=0.08, maximize=True)

    def step(self, x, district, repaid):
        logit = self.net(x).squeeze(1)
        difference = gap(logit, district)
        broken = torch.stack([difference - self.tolerance, -difference - self.tolerance])
        loss = F.binary_cross_entropy_with_logits(logit, repaid) + (self.price * broken).sum()
        self.descend.zero_grad()
        self.ascend.zero_grad()
        loss.backward()
        self.descend.step()
        self.ascend.step()
        with torch.no_grad():
            self.price.clamp_(min=0)
        return loss.item(), difference.item()


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    torch.manual_seed(parser.parse_args().seed)
    x, district, repaid = applicants(5000)
    held = applicants(2000)
    game = Lagrangian()
    for step in range(600):
        rows = torch.randint(0, len(x), (128,))
        loss, difference = game.step(x[rows], district[rows], repaid[rows])
        if step % 60 == 0:
            print(f"{step:3d} loss {loss:.4f} gap {difference:+.3f} price {game.price.max().item():.3f}")
    game.net.eval()
    with torch.no_grad():
        logit = game.net(held[0]).squeeze(1)
    accuracy = ((logit > 0).float() == held[2]).float().mean().item()
    print(
        f"gap in the labels {held[2][held[1] == 1].mean() - held[2][held[1] == 0].mean():.3f}, "
        f"held out {gap(logit, held[1]).item():+.3f}; larger class {max(held[2].mean(), 1 - held[2].mean()):.3f}"
    )
    print(f"test accuracy {accuracy:.4f}")
