"""Small capsule net on the 8x8 digits: vectors for units, agreement found in three detached
rounds, margin loss."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


def squash(v):
    size = (v**2).sum(-1, keepdim=True)
    return size / (1 + size) * v / (size + 1e-8).sqrt()


class CapsuleNet(nn.Module):
    def __init__(self, capsules=36, inner=6, outer=8, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(1, 24, 3)
        self.primary = nn.Conv2d(24, 24, 3, stride=2, padding=1)
        self.shape = (capsules, inner)
        self.transform = nn.Parameter(0.2 * torch.randn(capsules, classes, inner, outer))

    def forward(self, x):
        h = self.primary(F.relu(self.conv(x)))
        u = squash(h.view(len(x), -1, self.shape[1], *h.shape[2:]).movedim(2, -1).flatten(1, 3))
        votes = torch.einsum("bik,icko->bico", u, self.transform)
        with torch.no_grad():
            agreement = torch.zeros(votes.shape[:3])
            for _ in range(2):
                v = squash((agreement.softmax(2).unsqueeze(-1) * votes).sum(1))
                agreement = agreement + (votes * v.unsqueeze(1)).sum(-1)
        return squash((agreement.softmax(2).unsqueeze(-1) * votes).sum(1)).norm(dim=-1)


def margin_loss(length, y):
    wanted = F.one_hot(y, 10)
    miss = wanted * F.relu(0.9 - length) ** 2
    false = 0.5 * (1 - wanted) * F.relu(length - 0.1) ** 2
    return (miss + false).sum(1).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=9)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    digits = load_digits()
    order = torch.randperm(len(digits.target))
    x = torch.tensor(digits.images, dtype=torch.float32)[order].unsqueeze(1) / 16
    y = torch.tensor(digits.target)[order]
    model = CapsuleNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
    for epoch in range(args.epochs):
        model.train()
        for rows in torch.randperm(1400).split(40):
            optimizer.zero_grad()
            loss = margin_loss(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            length = model(x[1400:])
        accuracy = (length.argmax(1) == y[1400:]).float().mean().item()
        print(
            f"epoch {epoch}: margin loss {margin_loss(length, y[1400:]).item():.4f},",
            f"test accuracy {accuracy:.4f}",
        )


if __name__ == "__main__":
    main()
