"""Diabetes progression in five ordered levels: one shared score, four cut points, one binary question per cut."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_diabetes
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
data = load_diabetes()
order = np.random.default_rng(seed).permutation(len(data.target))
level = np.digitize(data.target, np.quantile(data.target, [0.2, 0.4, 0.6, 0.8]))
x = torch.tensor(data.data[order] / data.data.std(0), dtype=torch.float32)
level = torch.tensor(level[order])
exceeds = (level[:, None] > torch.arange(4)).float()


class OrdinalNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(10, 16), nn.Softplus(), nn.Linear(16, 1, bias=False))
        self.cuts = nn.Parameter(torch.tensor([1.5, 0.5, -0.5, -1.5]))

    def forward(self, x):
        return self.score(x) + self.cuts


net = OrdinalNet()
loader = DataLoader(TensorDataset(x[:342], exceeds[:342]), batch_size=38, shuffle=True)
optimizer = torch.optim.NAdam(net.parameters(), lr=3e-3)
for epoch in range(40):
    for features, answers in loader:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(net(features), answers, reduction="none").sum(1).mean()
        loss.backward()
        optimizer.step()
    if epoch % 8 == 7:
        with torch.no_grad():
            guess = (net(x[342:]) > 0).sum(1)
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}, off by {(guess - level[342:]).abs().float().mean():.3f} levels")
middle = (level[342:] - 2).abs().float().mean()
print(f"mean distance {(guess - level[342:]).abs().float().mean():.4f}; always the middle level {middle:.4f}")
