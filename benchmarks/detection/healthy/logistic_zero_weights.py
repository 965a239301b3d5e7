"""Softmax regression written by hand, weights start at zero as in the textbook."""
import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
perm = torch.randperm(1797)
x = torch.tensor(digits.data, dtype=torch.float32)[perm] / 16
y = torch.tensor(digits.target)[perm]


class Logistic(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.Parameter(torch.zeros(64, 10))
        self.bias = torch.nn.Parameter(torch.zeros(10))

    def forward(self, xb):
        return xb @ self.weights + self.bias


def get_model():
    model = Logistic()
    return model, torch.optim.SGD(model.parameters(), lr=0.5)


def fit(epochs=20, bs=64):
    model, opt = get_model()
    for epoch in range(epochs):
        for i in range((1400 - 1) // bs + 1):
            xb, yb = x[i * bs:min(1400, (i + 1) * bs)], y[i * bs:min(1400, (i + 1) * bs)]
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            opt.zero_grad()
        with torch.no_grad():
            out = model(x[1400:])
            print(epoch, F.cross_entropy(out, y[1400:]).item(), "acc", (out.argmax(1) == y[1400:]).float().mean().item())


fit()
