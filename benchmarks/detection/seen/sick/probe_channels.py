"""Estimate root-zone moisture from a field probe with twelve channels."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def probe(n, seed):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(n, 12))
    low = np.array([3.0, 40.0, 5.5, 0.1, 980.0, 2.0, 11.0, 0.2, 300.0, 7.0, 15.0, 1.5])
    span = np.array([2.0, 30.0, 3.0, 0.5, 50.0, 6.0, 9.0, 0.5, 900.0, 3.0, 20.0, 2.5])
    raw = low + span / (1 + np.exp(-latent))
    raw[rng.random(raw.shape) < 0.004] *= 4          # radio glitches
    z = latent
    moisture = np.sin(1.5 * z[:, 0]) + z[:, 1] * z[:, 4] + 0.8 * np.maximum(z[:, 5], 0) * z[:, 8] + 0.5 * z[:, 3]
    moisture += 0.6 * z[:, 9] ** 2 - 0.6 + 0.2 * rng.normal(size=n)
    return raw, moisture


class ProbeScaler:
    """Min-max scaling to the sensor's usual range, anything outside is cut off."""

    def fit(self, raw):
        raw = np.clip(raw, 0.0, 1.0)
        self.low = np.percentile(raw, 1, axis=0)
        self.high = np.percentile(raw, 99, axis=0) + 1e-6
        return self

    def __call__(self, raw):
        unit = (np.clip(raw, 0.0, 1.0) - self.low) / (self.high - self.low)
        return torch.tensor(2 * unit - 1, dtype=torch.float32)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=13)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    raw, moisture = probe(5000, seed=6)
    centre, spread = moisture[:4000].mean(), moisture[:4000].std()
    y = torch.tensor((moisture - centre) / spread, dtype=torch.float32).unsqueeze(1)
    scaler = ProbeScaler().fit(raw[:4000])
    x = scaler(raw)

    loader = DataLoader(TensorDataset(x[:4000], y[:4000]), batch_size=80, shuffle=True)
    model = nn.Sequential(nn.Linear(12, 96), nn.SiLU(), nn.Linear(96, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=1e-3)
    for epoch in range(args.epochs):
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(xb), yb)
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        residual = (model(x[4000:]) - y[4000:]).pow(2).mean()
    print(f"R2 {1 - residual / y[4000:].var():.4f}")


main()
