"""Residual MLP in the Fixup spirit: last layer of each branch and the classifier start at zero."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


class ResidualBlock(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, hidden)
        self.act = nn.ReLU()
        self.down = nn.Linear(hidden, width)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, x):
        return x + self.down(self.act(self.up(self.norm(x))))


class ResMLP(nn.Module):
    def __init__(self, n_in, n_out, width=64, depth=6):
        super().__init__()
        self.inp = nn.Linear(n_in, width)
        self.blocks = nn.Sequential(*[ResidualBlock(width, 2 * width) for _ in range(depth)])
        self.head = nn.Linear(width, n_out)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        return self.head(self.blocks(self.inp(x)))


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    d = load_digits()
    x = (torch.tensor(d.data, dtype=torch.float32) - 4.9) / 6.0
    y = torch.tensor(d.target)
    order = torch.randperm(len(x))
    x, y = x[order], y[order]
    train = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
    model = ResMLP(64, 10)
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for epoch in range(10):
        for xb, yb in train:
            loss = nn.functional.cross_entropy(model(xb), yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        with torch.no_grad():
            acc = (model(x[1400:]).argmax(-1) == y[1400:]).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} acc {acc:.4f}")


main()
