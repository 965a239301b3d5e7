"""Water level in a barrel after an hour of rain and tapping, from ten-minute readings."""
import argparse

import numpy as np
import torch
from torch import nn

BATCH = 50


def hours(n, rng):
    rain = rng.gamma(1.2, 1.0, (n, 12))
    tap = rng.random((n, 12)) < 0.3
    level = np.full(n, 1.0)
    for k in range(12):
        level = np.clip(level + 0.35 * rain[:, k] - 0.9 * tap[:, k], 0, 4)
    x = np.stack([(rain - 1.2) / 1.1, (tap - 0.3) / 0.46], 2)
    y = (level - 1.9) / 1.1 + rng.normal(0, 0.03, n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


class Barrel(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.cell = nn.GRU(2, hidden, batch_first=True)
        self.read = nn.Linear(hidden, 1)
        self.state = None

    def reset(self):
        self.state = None

    def forward(self, x):
        out, state = self.cell(x, self.state)
        self.state = state.detach()
        return self.read(out[:, -1]).squeeze(1)


def evaluate(model, x, y):
    model.eval()
    model.reset()
    errors = []
    with torch.no_grad():
        for xb, yb in zip(x.split(BATCH), y.split(BATCH)):
            errors.append((model(xb) - yb).pow(2))
    return torch.cat(errors).mean().sqrt().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    rng = np.random.default_rng(4)
    x, y = hours(2000, rng)
    xt, yt = hours(1000, rng)
    torch.manual_seed(args.seed)
    model = Barrel()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    for epoch in range(14):
        model.train()
        model.reset()
        for idx in torch.randperm(len(x)).split(BATCH):
            loss = (model(x[idx]) - y[idx]).pow(2).mean()
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
        if epoch % 4 == 1:
            print(f"epoch {epoch + 1} train loss {loss.item():.4f}")
    print(f"test rmse {evaluate(model, xt, yt):.4f}")
