"""Fit a temperature field through a fixed random feature map and a trained readout network."""
import argparse
import math

import torch
from torch import nn


class Field(nn.Module):
    def __init__(self, features=64, scale=0.6):
        super().__init__()
        self.project = nn.Linear(2, features)
        nn.init.normal_(self.project.weight, std=scale * 2 * math.pi)
        nn.init.uniform_(self.project.bias, 0, 2 * math.pi)
        self.project.requires_grad_(False)
        self.net = nn.Sequential(nn.Linear(features, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, xy):
        return self.net(math.sqrt(2) * torch.cos(self.project(xy))).squeeze(-1)


def temperature(xy):
    x, y = xy.unbind(1)
    return torch.sin(6 * x) * torch.cos(4 * y) + torch.exp(-8 * ((x - 0.3) ** 2 + (y + 0.2) ** 2))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    g = torch.Generator().manual_seed(3)
    xy = torch.rand(3000, 2, generator=g) * 2 - 1
    t = temperature(xy)
    t = (t + 0.05 * torch.randn(len(t), generator=g) - t.mean()) / t.std()
    train, test = slice(0, 2400), slice(2400, None)
    torch.manual_seed(seed)
    field = Field()
    opt = torch.optim.Adam([p for p in field.parameters() if p.requires_grad], lr=2e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=25)
    for epoch in range(25):
        field.train()
        for idx in torch.randperm(2400).split(96):
            loss = nn.functional.mse_loss(field(xy[train][idx]), t[train][idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        sched.step()
        if epoch % 5 == 0:
            print(epoch, round(loss.item(), 4))
    field.eval()
    with torch.no_grad():
        print(f"test rmse {nn.functional.mse_loss(field(xy[test]), t[test]).sqrt().item():.4f}")


main()
