"""Digit boxes cut from scanned forms, classified by a deep highway network."""
import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn


class HighwayLayer(nn.Module):
    def __init__(self, width, gate_bias):
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        nn.init.constant_(self.gate.bias, gate_bias)

    def forward(self, h):
        t = torch.sigmoid(self.gate(h))
        return t * torch.tanh(self.transform(h)) + (1 - t) * h


def build(width=48, depth=18):
    layers = [nn.Linear(64, width), nn.Tanh()]
    layers += [HighwayLayer(width, gate_bias=-2.5) for _ in range(depth)]
    return nn.Sequential(*layers, nn.Linear(width, 10))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    torch.manual_seed(seed)
    x, y = load_digits(return_X_y=True)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
    mean, std = xa.mean(0), xa.std(0) + 1.0
    xa = torch.tensor((xa - mean) / std, dtype=torch.float32)
    xb = torch.tensor((xb - mean) / std, dtype=torch.float32)
    ya, yb = torch.tensor(ya), torch.tensor(yb)

    model = build()
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    epochs = 16
    for epoch in range(epochs):
        model.train()
        running = 0.0
        order = torch.randperm(len(xa))
        for i in range(0, len(xa), 64):
            idx = order[i:i + 64]
            loss = nn.functional.cross_entropy(model(xa[idx]), ya[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(idx)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1:3d} train loss {running / len(xa):.4f}")
    model.eval()
    with torch.no_grad():
        print(f"test accuracy {(model(xb).argmax(1) == yb).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
