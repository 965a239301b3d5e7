"""A binarised hidden layer trained with a straight-through estimator."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class SignSTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1).to(grad_output.dtype)


class BinaryNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.bn1 = nn.BatchNorm1d(128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        return self.fc2(SignSTE.apply(self.bn1(self.fc1(x))))


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--epochs", type=int, default=15)
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    opt = ap.parse_args()
    torch.manual_seed(opt.seed)
    d = load_digits()
    x, y = torch.tensor(d.data / 8 - 1, dtype=torch.float32), torch.tensor(d.target)
    p = torch.randperm(len(x))
    x, y = x[p], y[p]
    net = BinaryNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(opt.epochs):
        net.train()
        for k in range(0, 1400, 50):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[k:k + 50]), y[k:k + 50])
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            print(f"{epoch} {loss.item():.4f} acc={(net(x[1400:]).argmax(1) == y[1400:]).float().mean():.4f}")
