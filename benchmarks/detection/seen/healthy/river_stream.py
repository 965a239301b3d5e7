"""Forecast river height from one long record, read in consecutive pieces."""
import argparse

import numpy as np
import torch
from torch import nn

STREAMS, PIECE = 16, 20


def record(n, seed):
    rng = np.random.default_rng(seed)
    rain = rng.gamma(0.3, 2.0, n)
    soil, fast, height = 0.0, 0.0, np.zeros(n)
    for k in range(n):
        soil = 0.98 * soil + 0.1 * rain[k]
        fast = 0.7 * fast + 0.3 * rain[k] * min(soil, 2.0)
        height[k] = soil + fast
    x, y = (rain - 0.6) / 1.1, (height - 3.7) / 1.4
    cut = n // STREAMS * STREAMS
    shape = lambda v: torch.tensor(v[:cut].reshape(STREAMS, -1), dtype=torch.float32)
    return shape(x).unsqueeze(2), shape(y)


class Gauge(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, x, h=None):
        y, h = self.rnn(x, h)
        return self.out(y).squeeze(2), h


ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
seed = ap.parse_args().seed
x, y = record(16 * 800, 1)
xt, yt = record(16 * 200, 2)
torch.manual_seed(seed)
model = Gauge()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    model.train()
    h, losses = None, []
    for start in range(0, x.shape[1], PIECE):
        pred, h = model(x[:, start:start + PIECE], h)
        h = h.detach()
        loss = (pred - y[:, start:start + PIECE]).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1} loss {np.mean(losses):.4f}")
model.eval()
with torch.no_grad():
    pred, _ = model(xt)
    rmse = (pred[:, 50:] - yt[:, 50:]).pow(2).mean().sqrt().item()
print(f"test rmse {rmse:.4f}")
