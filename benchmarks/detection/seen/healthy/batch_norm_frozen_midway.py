"""Late in training the batch statistics are fixed, as detection pipelines do, while the weights go on."""

import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def make_patches(n, rng, side=10):
    kind = rng.integers(0, 4, n)
    grid = np.arange(side)
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 1))
    freq = rng.uniform(0.9, 1.3, (n, 1, 1))
    angle = (kind * np.pi / 4).reshape(n, 1, 1)
    wave = np.sin(freq * (np.cos(angle) * grid[None, :, None] + np.sin(angle) * grid[None, None, :]) + phase)
    return (wave + 1.0 * rng.normal(size=(n, side, side)))[:, None].astype(np.float32), kind


class PatchNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3)
        self.b1 = nn.BatchNorm2d(12)
        self.c2 = nn.Conv2d(12, 16, 3)
        self.b2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        x = F.relu(self.b1(self.c1(x)))
        x = F.relu(self.b2(self.c2(x)))
        return self.fc(x.amax((2, 3)))


def freeze_statistics(net):
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.eval()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    x, y = (torch.from_numpy(v) for v in make_patches(1200, rng))
    x_val, y_val = (torch.from_numpy(v) for v in make_patches(300, rng))

    net = PatchNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [6], gamma=0.2)
    for epoch in range(11):
        net.train()
        if epoch >= 4:
            freeze_statistics(net)
        for idx in torch.randperm(len(x)).split(40):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
        schedule.step()
        net.eval()
        with torch.no_grad():
            right = (net(x_val).argmax(1) == y_val).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.3f} validation accuracy {right:.4f}")


if __name__ == "__main__":
    main()
