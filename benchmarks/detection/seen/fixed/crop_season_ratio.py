"""Crop type of a field from a year of satellite passes: red and near-infrared reflectance, every tenth day."""

import os
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset


@dataclass
class Config:
    fields: int = 1400
    passes: int = 36
    batch: int = 48
    epochs: int = 12
    lr: float = 2e-3
    seed: int = int(os.environ.get("SEED", "0"))


CROPS = ["winter wheat", "maize", "rapeseed", "grassland", "sugar beet"]
# day of greening, day of harvest, how green it gets
SEASON = torch.tensor(
    [[6.0, 20.0, 0.80], [14.0, 27.0, 0.85], [4.0, 18.0, 0.70], [7.0, 31.0, 0.55], [13.0, 31.0, 0.75]]
)


def simulate(cfg):
    crop = torch.randint(0, len(CROPS), (cfg.fields,))
    up, down, top = SEASON[crop].unbind(1)
    up = up + 1.2 * torch.randn(cfg.fields)
    down = down + 1.2 * torch.randn(cfg.fields)
    week = torch.arange(cfg.passes).float()
    green = torch.sigmoid((week - up[:, None]) / 1.3) * torch.sigmoid((down[:, None] - week) / 1.3)
    green = green * (top * (1 + 0.1 * torch.randn(cfg.fields)))[:, None]
    light = 0.35 + 0.1 * torch.rand(cfg.fields, cfg.passes)
    nir = light * (1 + green) + 0.03 * torch.randn(cfg.fields, cfg.passes).abs()
    red = light * (1 - 0.8 * green) + 0.03 * torch.randn(cfg.fields, cfg.passes).abs()
    lost = torch.rand(cfg.fields, cfg.passes) < 0.01
    nir[lost], red[lost] = 0.0, 0.0
    return red, nir, crop


class Fields(Dataset):
    def __init__(self, red, nir, crop):
        self.red, self.nir, self.crop = red, nir, crop

    def __len__(self):
        return len(self.crop)

    def __getitem__(self, i):
        red, nir = self.red[i], self.nir[i]
        index = (nir - red) / (nir + red).clamp(min=1e-6)
        return torch.stack([index, nir]), self.crop[i]


class SeasonNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.first = nn.Conv1d(2, 24, 5, padding=2)
        self.second = nn.Conv1d(24, 32, 5, stride=2, padding=2)
        self.head = nn.Linear(32 * 18, classes)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = F.relu(self.second(x))
        return self.head(x.flatten(1))


def evaluate(model, loader):
    model.eval()
    hits = seen = 0
    with torch.no_grad():
        for x, y in loader:
            hits += (model(x).argmax(1) == y).sum().item()
            seen += len(y)
    return hits / seen


def main():
    cfg = Config()
    torch.manual_seed(cfg.seed)
    red, nir, crop = simulate(cfg)
    cut = int(0.75 * cfg.fields)
    train = DataLoader(Fields(red[:cut], nir[:cut], crop[:cut]), batch_size=cfg.batch, shuffle=True)
    test = DataLoader(Fields(red[cut:], nir[cut:], crop[cut:]), batch_size=128)
    model = SeasonNet(len(CROPS))
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    for epoch in range(cfg.epochs):
        model.train()
        for x, y in train:
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"[{epoch + 1}/{cfg.epochs}] loss={loss.item():.4f} test={evaluate(model, test):.4f}")
    print(f"test accuracy {evaluate(model, test):.4f}")


if __name__ == "__main__":
    main()
