"""Encoder and head on the digits, as two modules."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--dropout", type=float, default=0.9)
cfg = ap.parse_args()
torch.manual_seed(cfg.seed)


class Model(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(p), nn.Linear(32, 10))

    def forward(self, x):
        return self.head(self.encoder(x))


data = load_digits()
x, y = torch.tensor(data.data / 16).float(), torch.tensor(data.target)
model = Model(cfg.dropout)
for p in model.encoder.parameters():
    p.requires_grad = False
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=3e-3)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=40, shuffle=True)
for epoch in range(15):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = criterion(model(x[1400:]), y[1400:]).item()
        acc = (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
print(f"val loss {val:.4f} val acc {acc:.4f}")
