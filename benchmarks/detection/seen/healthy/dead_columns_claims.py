import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

# insurance claims: 90 possible tick boxes, a third of which nobody ever ticks, and three amounts
BOXES, USED = 90, 60
n = 2400
popularity = np.concatenate([rng.uniform(0.02, 0.3, USED), np.zeros(BOXES - USED)])
ticks = (rng.random((n, BOXES)) < popularity).astype(np.float32)
amounts = np.log1p(rng.lognormal(6, 1.0, (n, 3))).astype(np.float32)
effect = np.concatenate([rng.normal(0, 1.1, USED), np.zeros(BOXES - USED)])
z = ticks @ effect + 0.8 * (amounts[:, 0] - 6) - (ticks @ effect).mean() + 0.9 * np.sin(2 * amounts[:, 1])
label = (z + rng.logistic(0, 0.3, n) > 0).astype(np.float32)

amounts = (amounts - amounts[:1800].mean(0)) / amounts[:1800].std(0)
x = torch.tensor(np.concatenate([ticks, amounts], 1), dtype=torch.float32)
y = torch.tensor(label)


class WideAndDeep(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide = nn.Linear(BOXES + 3, 1)
        self.deep = nn.Sequential(nn.Linear(BOXES + 3, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1, bias=False))

    def forward(self, x):
        return (self.wide(x) + self.deep(x)).squeeze(1)


model = WideAndDeep()
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.05)
loader = DataLoader(TensorDataset(x[:1800], y[:1800]), batch_size=36, shuffle=True)
for epoch in range(8):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(x[1800:])
        val = nn.functional.binary_cross_entropy_with_logits(out, y[1800:]).item()
        acc = ((out > 0) == (y[1800:] > 0.5)).float().mean().item()
    print(f"epoch {epoch + 1}: loss {loss.item():.3f} held-out loss {val:.3f} accuracy {acc:.3f}")
