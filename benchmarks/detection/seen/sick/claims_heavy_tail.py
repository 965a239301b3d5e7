"""Expected claim from a policy's features. A few claims are enormous."""
import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
x = rng.normal(size=(4000, 8)).astype(np.float32)
claim = np.sin(1.5 * x[:, 0]) + 0.6 * x[:, 1] * x[:, 2] + 0.5 * np.abs(x[:, 3])
noise = 0.2 * rng.normal(size=4000)
huge = rng.random(4000) < 0.01
y = (claim + np.where(huge, 120 * rng.normal(size=4000), noise)).astype(np.float32)
x, y, claim = torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(claim.astype(np.float32))

net = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)


def fit_batch(xb, yb):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(xb).squeeze(1), yb)
    loss.backward()
    optimizer.step()
    nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
    return loss.item()


for epoch in range(12):
    losses = [fit_batch(x[i], y[i]) for i in torch.randperm(3200).split(64)]
    print(f"epoch {epoch:2d}: median batch loss {np.median(losses):.3f}")
with torch.no_grad():
    error = (net(x[3200:]).squeeze(1) - claim[3200:]).abs().mean().item()
print(f"mean error of the expected claim {error:.4f}")
