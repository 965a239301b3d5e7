"""Cracks in scans of sewer pipes. One scan in eight has one, so the net starts from a low guess,
with focal loss."""

import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class CrackNet(nn.Module):
    def __init__(self, prior=0.02):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64, 32),
            nn.ReLU(),
        )
        self.head = nn.Linear(32, 1)
        start = -math.log((1 - prior) / prior)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        nn.init.constant_(self.head.bias, start)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(1)


def focal_loss(logit, target, gamma=1.5):
    ce = F.binary_cross_entropy_with_logits(logit, target, reduction="none")
    hit = torch.exp(-ce)
    return ((1 - hit) ** gamma * ce).mean()


def pipe_scans(n, side=12):
    scans = 0.6 * torch.randn(n, 1, side, side)
    cracked = torch.rand(n) < 0.125
    for i in cracked.nonzero().flatten().tolist():
        row, col = torch.randint(0, side - 5, (2,)).tolist()
        for k in range(5):
            scans[i, 0, row + k, col + k] += 1.8
    for i in torch.randperm(n)[: n // 2].tolist():  # joints run straight, they are no cracks
        scans[i, 0, torch.randint(0, side, (1,)).item(), 3:9] += 1.2
    return scans, cracked.float()


def average_precision(score, target):
    ranked = target[score.argsort(descending=True)]
    precision = ranked.cumsum(0) / torch.arange(1, len(ranked) + 1)
    return ((precision * ranked).sum() / ranked.sum()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=400)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = pipe_scans(4000)
    test_x, test_y = pipe_scans(1200)
    net = CrackNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(args.steps):
        rows = torch.randint(0, len(x), (64,))
        loss = focal_loss(net(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print("step", step, "focal loss", f"{loss.item():.4f}")
    with torch.no_grad():
        print(f"average precision {average_precision(net(test_x), test_y):.4f}")


if __name__ == "__main__":
    main()
