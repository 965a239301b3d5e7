"""Photometric redshift from five-band fluxes; small micro-batches because the real cut-outs are large."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--accumulate", type=int, default=4)
args = parser.parse_args()
torch.manual_seed(args.seed)

rng = np.random.default_rng(0)
n = 6000
z = rng.gamma(3.0, 0.2, n)
bright = rng.normal(20, 1.2, n)
bands = np.arange(5)
mags = bright[:, None] + 0.8 * np.tanh(3 * (z[:, None] - 0.18 * bands)) - 0.3 * np.sin(4 * z[:, None] + bands)
mags = mags + rng.normal(0, 0.05, mags.shape)
x = np.column_stack([mags[:, 2], np.diff(mags, axis=1)])
x = torch.tensor((x - x[:5000].mean(0)) / x[:5000].std(0), dtype=torch.float32)
y = torch.tensor((z - z[:5000].mean()) / z[:5000].std(), dtype=torch.float32).unsqueeze(1)

loader = DataLoader(TensorDataset(x[:5000], y[:5000]), batch_size=16, shuffle=True, drop_last=True)
model = nn.Sequential(nn.Linear(5, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_fn = nn.MSELoss()

for epoch in range(8):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for i, (xb, yb) in enumerate(loader):
        loss = loss_fn(model(xb), yb) / args.accumulate
        loss.backward()
        total += loss.item() * args.accumulate
        if (i + 1) % args.accumulate == 0:
            optimizer.step()
            optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        error = loss_fn(model(x[5000:]), y[5000:]).item()
    print(f"epoch {epoch} train {total / len(loader):.4f} test {error:.4f}")
print(f"test MSE {error:.4f}")
