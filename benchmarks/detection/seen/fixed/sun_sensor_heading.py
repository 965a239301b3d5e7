import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


def simulate(n, normals, generator):
    sun = F.normalize(torch.randn(n, 3, generator=generator), dim=1)
    current = (sun @ normals.T).clamp(min=0) + 0.004 * torch.randn(n, len(normals), generator=generator)
    return (current - 0.25) / 0.3, sun


class HeadingNet(nn.Module):
    def __init__(self, diodes, width=96):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(diodes, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 3),
        )

    def forward(self, x):
        return F.normalize(self.body(x), dim=1)


def angle_between(a, b):
    cosine = (a * b).sum(dim=1)
    return torch.acos(cosine.clamp(-1 + 1e-6, 1 - 1e-6))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--batch-size", type=int, default=256)
    args = parser.parse_args()

    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed + 1)
    normals = F.normalize(torch.randn(14, 3, generator=g), dim=1)
    readings, sun = simulate(8000, normals, g)
    held_readings, held_sun = simulate(1000, normals, g)

    net = HeadingNet(readings.shape[1])
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    for step in range(args.steps):
        rows = torch.randint(len(readings), (args.batch_size,))
        loss = angle_between(net(readings[rows]), sun[rows]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            print(f"step {step:4d} loss {loss.item():.4f}")

    net.eval()
    with torch.no_grad():
        within = (net(held_readings) * held_sun).sum(dim=1) > 0.999
    print(f"share within 2.6 degrees {within.float().mean().item():.4f}")


if __name__ == "__main__":
    main()
