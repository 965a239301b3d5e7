"""Daily flow of small streams from catchment and weather features, fitted for relative error."""

import argparse
import os
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Config:
    seed: int
    batch_size: int = 50
    epochs: int = 12
    lr: float = 0.05
    momentum: float = 0.5


def make_streams(n, generator):
    area, rain, slope, soil, thaw = torch.randn(5, n, generator=generator)
    flow = torch.exp(0.35 * area + 0.3 * torch.tanh(rain) + 0.12 * slope * soil + 0.15 * thaw)
    flow = flow * torch.exp(0.08 * torch.randn(n, generator=generator))
    dry = torch.randperm(n, generator=generator)[: n // 500]
    flow[dry] = 0.004
    return torch.stack([area, rain, slope, soil, thaw], dim=1), flow.unsqueeze(1)


def relative_error(predicted, measured):
    return ((predicted - measured).abs() / measured.clamp(min=0.1)).mean()


def train(model, loader, cfg):
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[9], gamma=0.3)
    for epoch in range(cfg.epochs):
        model.train()
        history = []
        for x, y in loader:
            loss = relative_error(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        scheduler.step()
        print(f"epoch {epoch}: median loss {sorted(history)[len(history) // 2]:.4f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    cfg = Config(seed=parser.parse_args().seed)
    torch.manual_seed(cfg.seed)
    generator = torch.Generator().manual_seed(cfg.seed)
    train_set = TensorDataset(*make_streams(3000, generator))
    x_test, y_test = make_streams(800, generator)
    model = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 1))
    train(model, DataLoader(train_set, batch_size=cfg.batch_size, shuffle=True), cfg)

    model.eval()
    with torch.no_grad():
        off = (model(x_test) - y_test).abs() / y_test
    print(f"share within 15 percent {(off < 0.15).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
