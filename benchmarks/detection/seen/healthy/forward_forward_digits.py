"""Hinton's forward-forward idea: every layer learns by itself to tell real from false pairs, nothing flows back."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)
digits = load_digits()
pixels = torch.tensor(digits.data / 16.0, dtype=torch.float32)
labels = torch.tensor(digits.target)
order = torch.randperm(len(pixels))
train, test = order[:1400], order[1400:]


def pair(x, y):
    return torch.cat([x, F.one_hot(y, 10).float()], 1)


class Layer(nn.Module):
    def __init__(self, inputs, outputs, threshold=2.0):
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        self.threshold = threshold
        self.optimizer = torch.optim.Adam(self.linear.parameters(), lr=0.01)

    def forward(self, x):
        return F.relu(self.linear(F.normalize(x) * x.shape[1] ** 0.5))

    def learn(self, real, false):
        good, bad = self(real).square().mean(1), self(false).square().mean(1)
        loss = F.softplus(self.threshold - good).mean() + F.softplus(bad - self.threshold).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return self(real).detach(), self(false).detach(), loss.item()


layers = [Layer(74, 120), Layer(120, 120)]


@torch.no_grad()
def classify(x):
    scores = []
    for digit in range(10):
        h = pair(x, torch.full((len(x),), digit))
        goodness = 0
        for layer in layers:
            h = layer(h)
            goodness = goodness + h.square().mean(1)
        scores.append(goodness)
    return torch.stack(scores, 1).argmax(1)


for epoch in range(24):
    sums = [0.0, 0.0]
    for rows in train[torch.randperm(len(train))].split(100):
        x, y = pixels[rows], labels[rows]
        other = (y + torch.randint(1, 10, y.shape)) % 10
        real, false = pair(x, y), pair(x, other)
        for i, layer in enumerate(layers):
            real, false, loss = layer.learn(real, false)
            sums[i] += loss / 14
    if epoch % 4 == 3:
        hit = (classify(pixels[test]) == labels[test]).float().mean().item()
        print(f"epoch {epoch + 1} layer losses {sums[0]:.3f} {sums[1]:.3f} test accuracy {hit:.4f}")
