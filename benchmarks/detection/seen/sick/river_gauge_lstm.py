import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


def simulate_river(days, rng):
    rain = rng.gamma(0.35, 9.0, days) * (1 + 0.6 * np.sin(2 * np.pi * np.arange(days) / 365))
    soil, ground, flow = 20.0, 40.0, []
    for r in rain:
        soil = 0.86 * soil + r
        ground = 0.985 * ground + 0.06 * soil
        flow.append(0.9 * soil + 0.05 * ground + 0.02 * max(soil - 45, 0) ** 2)
    return np.stack([rain, np.array(flow) * np.exp(rng.normal(0, 0.05, days))], 1)


class GaugeWindows(Dataset):
    """Thirty days of rain and discharge; the target is the log discharge three days on."""

    def __init__(self, series, window=30, ahead=3, log=False):
        features = np.log1p(series) if log else series
        self.features = torch.tensor(features, dtype=torch.float32)
        self.target = torch.tensor(np.log1p(series[:, 1]), dtype=torch.float32)
        self.window, self.ahead = window, ahead

    def __len__(self):
        return len(self.features) - self.window - self.ahead

    def __getitem__(self, i):
        return self.features[i : i + self.window], self.target[i + self.window + self.ahead - 1]


class Gauge(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(2, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.head(out[:, -1]).squeeze(-1)


def run_epoch(model, loader, optimizer=None):
    model.train(optimizer is not None)
    total, count = 0.0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            loss = nn.functional.mse_loss(model(x), y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 2.0)
                optimizer.step()
            total += loss.item() * len(y)
            count += len(y)
    return (total / count) ** 0.5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    series = simulate_river(1900, np.random.default_rng(args.seed))
    train = DataLoader(GaugeWindows(series[:1400], log=True), batch_size=32, shuffle=True)
    val = DataLoader(GaugeWindows(series[1400:]), batch_size=128)
    model = Gauge()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    for epoch in range(args.epochs):
        tr, va = run_epoch(model, train, optimizer), run_epoch(model, val)
        scheduler.step()
        print(f"epoch {epoch:2d}  train rmse {tr:.4f}  val rmse {va:.4f}")
    print(f"final val rmse {va:.4f}")


if __name__ == "__main__":
    main()
