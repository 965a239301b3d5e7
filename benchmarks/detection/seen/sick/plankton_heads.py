"""Plankton typing: one trunk, several heads that vote together."""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

N_CLASS = 40


def make(rng, centres, mix, n):
    y = rng.integers(0, N_CLASS, n)
    variant = rng.integers(0, 3, n)
    z = centres[y, variant] + rng.normal(0, 0.75, (n, 10))
    x = np.tanh(z @ mix) + rng.normal(0, 0.05, (n, 32))
    return x.astype(np.float32), y


class Committee(nn.Module):
    def __init__(self, heads=3):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU())
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, N_CLASS)) for _ in range(heads)
        )

    def forward(self, x):
        h = self.trunk(x)
        votes = [F.softmax(head(h), dim=1) for head in self.heads]
        return torch.stack(votes).mean(0)


def run(seed):
    rng = np.random.default_rng(5)
    centres = rng.normal(0, 1.6, (N_CLASS, 3, 10))
    mix = rng.normal(0, 0.35, (10, 32))
    x, y = make(rng, centres, mix, 6000)
    xt, yt = make(rng, centres, mix, 2000)
    mu, sd = x.mean(0), x.std(0)
    x, xt = torch.tensor((x - mu) / sd), torch.tensor((xt - mu) / sd)
    y, yt = torch.tensor(y), torch.tensor(yt)

    torch.manual_seed(seed)
    model = Committee()
    opt = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = DataLoader(TensorDataset(x, y), batch_size=128, shuffle=True)
    for epoch in range(10):
        model.train()
        for xb, yb in loader:
            loss = F.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        return (model(xt).argmax(1) == yt).float().mean().item()


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    print(f"test accuracy {run(ap.parse_args().seed):.4f}")
