"""Galaxy shapes from thumbnail images labelled by volunteers (eleven looks per image)."""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SHAPES = ["disc", "cigar", "ring", "pair", "spiral"]


def thumbnails(n, rng, size=12):
    yy, xx = np.mgrid[0:size, 0:size] - (size - 1) / 2
    shape = rng.integers(0, len(SHAPES), n)
    sky = rng.normal(0, 0.35, (n, size, size))
    for i, s in enumerate(shape):
        dy, dx = rng.normal(0, 0.7, 2)
        y, x = yy - dy, xx - dx
        r, phi = np.hypot(y, x), np.arctan2(y, x)
        a = rng.uniform(0, np.pi)
        u, w = x * np.cos(a) + y * np.sin(a), -x * np.sin(a) + y * np.cos(a)
        if s == 0:
            glow = np.exp(-(r / 3.0) ** 2)
        elif s == 1:
            glow = np.exp(-(u / 4.0) ** 2 - (w / 1.3) ** 2)
        elif s == 2:
            glow = np.exp(-((r - 3.2) / 1.0) ** 2)
        elif s == 3:
            glow = np.exp(-((u - 2.6) ** 2 + w ** 2) / 2.2) + np.exp(-((u + 2.6) ** 2 + w ** 2) / 2.2)
        else:
            glow = np.exp(-(r / 4.0) ** 2) * (0.5 + 0.5 * np.cos(2 * (phi - a) - 0.9 * r))
        sky[i] += rng.uniform(0.9, 1.5) * glow
    return ((sky - 0.25) / 0.5).astype(np.float32), shape


def volunteer_votes(shape, rng, looks=11, skill=0.4):
    sure = rng.random((len(shape), looks)) < skill
    return np.where(sure, shape[:, None], rng.integers(0, len(SHAPES), (len(shape), looks)))


def consensus(votes):
    counts = np.stack([(votes == k).sum(1) for k in range(len(SHAPES))], axis=1)
    return counts.argmax(1)


class ShapeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 10, 3, padding=1)
        self.c2 = nn.Conv2d(10, 24, 3, padding=1)
        self.f1 = nn.Linear(24 * 9, 64)
        self.f2 = nn.Linear(64, len(SHAPES))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.c1(x)), 2)
        x = F.max_pool2d(F.relu(self.c2(x)), 2)
        return self.f2(F.relu(self.f1(x.flatten(1))))


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    torch.manual_seed(ap.parse_args().seed)
    rng = np.random.default_rng(4)

    images, truth = thumbnails(1600, rng)
    votes = volunteer_votes(truth, rng)
    expert_images, expert_shape = thumbnails(1000, rng)

    x = torch.from_numpy(images).unsqueeze(1)
    y = torch.from_numpy(consensus(votes))
    x_expert, y_expert = torch.from_numpy(expert_images).unsqueeze(1), torch.from_numpy(expert_shape)

    net = ShapeNet()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(13):
        total = 0.0
        for rows in torch.randperm(len(x)).split(40):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / 40:.4f}")
    with torch.no_grad():
        agree = (net(x_expert).argmax(1) == y_expert).float().mean().item()
    print(f"agreement with experts {agree:.4f}")
