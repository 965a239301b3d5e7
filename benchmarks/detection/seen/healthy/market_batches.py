"""Price second-hand bikes; large effective batches from small pieces."""
import argparse

import numpy as np
import torch
from torch import nn

PIECE, PIECES = 8, 8


def bikes(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 9))
    y = np.exp(0.4 * x[:, 0]) - 0.5 * np.abs(x[:, 1]) + 0.6 * x[:, 2] * (x[:, 3] > 0) + 0.3 * x[:, 4] + 0.1 * rng.normal(size=n)
    return torch.tensor(x, dtype=torch.float32), torch.tensor((y - 0.7) / 0.8, dtype=torch.float32)


ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
torch.manual_seed(ap.parse_args().seed)
x, y = bikes(2048, 1)
xt, yt = bikes(800, 2)
net = nn.Sequential(nn.Linear(9, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
piece = 0
for epoch in range(14):
    net.train()
    for idx in torch.randperm(len(x)).split(PIECE):
        loss = (net(x[idx]).squeeze(1) - y[idx]).pow(2).mean() / PIECES
        loss.backward()
        piece += 1
        if piece % PIECES == 0:
            opt.step()
            opt.zero_grad(set_to_none=True)
    print(f"epoch {epoch} loss {loss.item() * PIECES:.4f}")
net.eval()
with torch.no_grad():
    rmse = (net(xt).squeeze(1) - yt).pow(2).mean().sqrt().item()
print(f"test rmse {rmse:.4f}")
