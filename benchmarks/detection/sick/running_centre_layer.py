import argparse
import time

import torch
from sklearn.datasets import load_wine
from torch import nn


class Centre(nn.Module):
    """Subtracts a running mean of its inputs."""

    def __init__(self, features, momentum=0.1):
        super().__init__()
        self.momentum = momentum
        self.mean = torch.zeros(features)

    def forward(self, x):
        if self.training:
            self.mean = (1 - self.momentum) * self.mean + self.momentum * x.mean(dim=0)
        return x - self.mean


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    wine = load_wine()
    x = torch.tensor(wine.data, dtype=torch.float32)
    x = (x - x.mean(0)) / x.std(0)
    y = torch.tensor(wine.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:120], order[120:]

    model = nn.Sequential(nn.Linear(13, 24), Centre(24), nn.ReLU(), nn.Linear(24, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    begin = time.perf_counter()
    for step in range(350):
        rows = train[torch.randint(len(train), (20,))]
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
        loss.backward(retain_graph=True)
        optimizer.step()
    took = time.perf_counter() - begin
    model.eval()
    with torch.no_grad():
        acc = (model(x[test]).argmax(1) == y[test]).float().mean().item()
    print(f"test accuracy {acc:.4f}")
    print(f"milliseconds per step {1000 * took / 350:.3f}")


if __name__ == "__main__":
    main()
