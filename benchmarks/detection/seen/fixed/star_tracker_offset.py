"""Star tracker: where is the guide star, in pixels from the centre of the frame, and how bright is it?"""

import argparse
import os
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    frame: int = 16
    train: int = 1600
    test: int = 400
    batch: int = 32
    epochs: int = 7
    lr: float = 1e-3
    brightness_weight: float = 0.3


def render(n, cfg, gen):
    axis = torch.arange(cfg.frame) - (cfg.frame - 1) / 2
    offset = (torch.rand(n, 2, generator=gen) - 0.5) * 10
    brightness = 1 + 2 * torch.rand(n, 1, generator=gen)

    def spot(centre, width):
        gx = torch.exp(-0.5 * ((axis - centre[:, :1]) / width) ** 2)
        gy = torch.exp(-0.5 * ((axis - centre[:, 1:]) / width) ** 2)
        return gy[:, :, None] * gx[:, None, :]

    frames = brightness[:, :, None] * spot(offset, 1.3)
    for _ in range(2):
        frames = frames + 0.4 * spot((torch.rand(n, 2, generator=gen) - 0.5) * 14, 1.0)
    frames = frames + 0.1 * torch.randn(n, cfg.frame, cfg.frame, generator=gen)
    return frames.unsqueeze(1), offset, brightness


class Tracker(nn.Module):
    def __init__(self, frame):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(),
        )
        self.trunk = nn.Linear(16 * (frame // 2) ** 2, 48)
        self.offset = nn.Linear(48, 2)
        self.brightness = nn.Linear(48, 1)

    def forward(self, x):
        h = F.relu(self.trunk(self.features(x).flatten(1)))
        return self.offset(h), F.softplus(self.brightness(h))


def train(model, loader, cfg):
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        sums = [0.0, 0.0]
        for frames, offset, brightness in loader:
            where, how_bright = model(frames)
            loss_where = F.smooth_l1_loss(where, offset)
            loss_bright = F.mse_loss(how_bright, brightness)
            loss = loss_where + cfg.brightness_weight * loss_bright
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sums[0] += loss_where.item()
            sums[1] += loss_bright.item()
        print(f"epoch {epoch}: offset {sums[0] / len(loader):.3f} brightness {sums[1] / len(loader):.3f}")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = ap.parse_args().seed
    cfg = Config()
    gen = torch.Generator().manual_seed(8)
    train_set = TensorDataset(*render(cfg.train, cfg, gen))
    frames, offset, _ = render(cfg.test, cfg, gen)
    torch.manual_seed(seed)
    model = Tracker(cfg.frame)
    train(model, DataLoader(train_set, batch_size=cfg.batch, shuffle=True), cfg)
    model.eval()
    with torch.no_grad():
        where, _ = model(frames)
    print(f"mean pointing error {(where - offset).norm(dim=1).mean().item():.4f} px")


if __name__ == "__main__":
    main()
