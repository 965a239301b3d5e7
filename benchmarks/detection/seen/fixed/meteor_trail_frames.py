"""Marks the frames of an all-sky radio recording in which a meteor trail begins."""

import argparse
import math
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

FRAMES, PRIOR = 64, 0.01


def nights(n, rng):
    power = rng.normal(0, 1, (n, 2, FRAMES))
    power[:, 1] = 0.6 * power[:, 0] + 0.8 * power[:, 1]
    begins = rng.random((n, FRAMES)) < PRIOR
    begins[:, -6:] = False
    shape = np.exp(-np.arange(6) / 2.5)
    for i, t in np.argwhere(begins):
        power[i, :, t : t + 6] += rng.uniform(3.0, 6.0) * shape
    for i in range(n):  # aircraft: slow in, slow out
        t = rng.integers(0, FRAMES - 12)
        power[i, :, t : t + 12] += rng.uniform(1, 4) * np.hanning(12)
    return torch.tensor(power, dtype=torch.float32), torch.tensor(begins, dtype=torch.float32)


class TrailNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.conv1 = nn.Conv1d(2, width, 5, padding=2)
        self.conv2 = nn.Conv1d(width, width, 5, padding=4, dilation=2)
        self.score = nn.Conv1d(width, 1, 1)
        nn.init.constant_(self.score.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.score(x).squeeze(1)


def average_precision(score, truth):
    order = score.flatten().argsort(descending=True)
    hit = truth.flatten()[order]
    precision = hit.cumsum(0) / torch.arange(1, len(hit) + 1)
    return ((precision * hit).sum() / hit.sum()).item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--steps", type=int, default=300)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    power, begins = nights(1500, rng)
    test_power, test_begins = nights(600, rng)
    net = TrailNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(args.steps):
        rows = torch.randint(0, len(power), (32,))
        loss = F.binary_cross_entropy_with_logits(net(power[rows]), begins[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step:3d} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print(f"test average precision {average_precision(net(test_power), test_begins):.4f}")


if __name__ == "__main__":
    main()
