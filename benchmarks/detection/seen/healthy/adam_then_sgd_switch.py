"""Adam for the first part of the run, plain momentum for the rest: the optimizer object is thrown away midway."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


class Strokes(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 12, 3, padding=1)
        self.b = nn.Conv2d(12, 24, 3, padding=1, stride=2)
        self.c = nn.Linear(24 * 16, 10)

    def forward(self, x):
        return self.c(F.dropout(F.gelu(self.b(F.gelu(self.a(x)))).flatten(1), 0.25, self.training))


def score(net, loader):
    net.eval()
    with torch.no_grad():
        return sum((net(x).argmax(1) == y).sum().item() for x, y in loader) / len(loader.dataset)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 1
    data = TensorDataset(images, torch.tensor(labels))
    train, test = random_split(data, [1400, 397], torch.Generator().manual_seed(6))
    train_loader = DataLoader(train, batch_size=50, shuffle=True)
    test_loader = DataLoader(test, batch_size=200)

    net = Strokes()
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(10):
        if epoch == 4:
            del optimizer
            optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, nesterov=True)
        net.train()
        for x, y in train_loader:
            loss = F.cross_entropy(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        name = type(optimizer).__name__
        print(f"{epoch} {name:4s} loss {loss.item():.4f} test {score(net, test_loader):.4f}")
    print(f"train accuracy {score(net, train_loader):.4f}")
    print(f"test accuracy {score(net, test_loader):.4f}")
