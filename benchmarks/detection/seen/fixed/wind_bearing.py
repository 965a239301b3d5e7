"""Direction of a sound from eight microphones on a ring."""
import argparse
import math

import torch
import torch.nn.functional as F
from torch import nn


class BearingNet(nn.Module):
    def __init__(self, microphones=8, width=64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(microphones, width), nn.SiLU(),
            nn.Linear(width, width), nn.SiLU(),
        )
        self.out = nn.Linear(width, 2)

    def forward(self, x):
        return F.normalize(self.out(self.body(x)), dim=-1)


def angle_between(a, b):
    cosine = (a * b).sum(dim=-1)
    return torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))


def record(n, generator):
    phi = torch.arange(8) * 2 * math.pi / 8
    theta = torch.rand(n, 1, generator=generator) * 2 * math.pi
    level = torch.cos(theta - phi) + 0.4 * torch.cos(2 * (theta - phi))
    level = level + 0.02 * torch.randn(n, 8, generator=generator)
    return level, torch.cat([theta.cos(), theta.sin()], dim=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)

    x, heading = record(3000, generator)
    x_test, heading_test = record(500, generator)
    net = BearingNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)

    for step in range(args.steps):
        rows = torch.randint(0, len(x), (64,))
        loss = angle_between(net(x[rows]), heading[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            print(f"step {step}: {math.degrees(loss.item()):.2f} degrees")

    net.eval()
    with torch.no_grad():
        p = net(x_test)
        turn = torch.atan2(p[:, 1], p[:, 0]) - torch.atan2(heading_test[:, 1], heading_test[:, 0])
        turn = torch.atan2(turn.sin(), turn.cos()).abs()
    print(f"test error {math.degrees(turn.mean().item()):.3f} degrees")


if __name__ == "__main__":
    main()
