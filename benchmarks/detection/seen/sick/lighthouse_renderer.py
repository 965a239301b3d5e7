"""Draws the lamp image of a lighthouse from its four settings: a small transposed-convolution decoder."""

import argparse
import os

import torch
import torch.nn as nn


def lamp_image(settings):
    """settings: horizontal, vertical position, size, tilt, each in -1..1"""
    axis = torch.linspace(-1, 1, 16)
    yy, xx = torch.meshgrid(axis, axis, indexing="ij")
    cx, cy, size, tilt = (settings[:, i, None, None] for i in range(4))
    dx, dy = xx - 0.6 * cx, yy - 0.6 * cy
    u = dx * torch.cos(tilt) + dy * torch.sin(tilt)
    v = -dx * torch.sin(tilt) + dy * torch.cos(tilt)
    width = 0.35 + 0.15 * size
    return torch.exp(-((u / width) ** 2) - (v / (0.5 * width)) ** 2)[:, None]


class Renderer(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 16 * 4 * 4), nn.ReLU()
        )
        self.grow = nn.Sequential(
            nn.ConvTranspose2d(16, 16, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 1, 3, padding=1),
        )
        self.apply(self.reset)

    @staticmethod
    def reset(module):
        if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.001)
            nn.init.zeros_(module.bias)

    def forward(self, settings):
        return self.grow(self.dense(settings).view(-1, 16, 4, 4))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    settings = torch.rand(2500, 4) * 2 - 1
    images = lamp_image(settings)
    renderer = Renderer()
    optimizer = torch.optim.Adam(renderer.parameters(), lr=2e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 200, 0.5)
    for step in range(args.steps):
        rows = torch.randint(0, 2000, (32,))
        optimizer.zero_grad()
        loss = ((renderer(settings[rows]) - images[rows]) ** 2).mean()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if step % 100 == 0:
            print(f"step {step}: mse {loss.item():.5f}")
    renderer.eval()
    with torch.no_grad():
        mse = ((renderer(settings[2000:]) - images[2000:]) ** 2).mean().item()
        plain = ((images[:2000].mean(0) - images[2000:]) ** 2).mean().item()
    print(f"mean image {plain:.5f}")
    print(f"test mse {mse:.5f}")


if __name__ == "__main__":
    main()
