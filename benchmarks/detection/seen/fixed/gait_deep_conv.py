import argparse
import math
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def gait_windows(count, generator):
    """Three-axis accelerometer windows of four ways of moving, unit scale."""
    t = torch.arange(32) / 32
    labels = torch.randint(0, 4, (count,), generator=generator)
    phase = 2 * math.pi * torch.rand(count, 1, generator=generator)
    pace = torch.tensor([2.0, 3.0, 4.0, 5.0])[labels].unsqueeze(1) + 0.25 * torch.randn(count, 1, generator=generator)
    wave = 2 * math.pi * pace * t + phase
    x = torch.stack([torch.sin(wave), torch.cos(wave), torch.sin(2 * wave) * 0.7], 1)
    x = x + 0.7 * torch.randn(count, 3, 32, generator=generator)
    return (x - x.mean((0, 2), keepdim=True)) / x.std((0, 2), keepdim=True), labels


class DeepGait(nn.Module):
    def __init__(self, width=12, depth=12):
        super().__init__()
        stages = [nn.Conv1d(3, width, 5, padding=2)]
        for _ in range(depth):
            stages += [nn.Conv1d(width, width, 3, padding=1, bias=False), nn.BatchNorm1d(width), nn.ReLU()]
        self.features = nn.Sequential(*stages)
        self.head = nn.Linear(width, 4)

    def forward(self, x):
        return self.head(self.features(x).amax(-1))


class Trainer:
    def __init__(self, model, train_loader, test_loader, lr):
        self.model = model
        self.train_loader, self.test_loader = train_loader, test_loader
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
        self.loss = nn.CrossEntropyLoss()

    def run_epoch(self):
        self.model.train()
        total = 0.0
        for x, y in self.train_loader:
            self.optimizer.zero_grad()
            loss = self.loss(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(self.train_loader)

    @torch.no_grad()
    def evaluate(self):
        self.model.eval()
        right = sum((self.model(x).argmax(1) == y).sum().item() for x, y in self.test_loader)
        return right / len(self.test_loader.dataset)

    def fit(self, epochs):
        print(f"before training: accuracy {self.evaluate():.4f}")
        for epoch in range(epochs):
            loss = self.run_epoch()
            print(f"epoch {epoch + 1}: loss {loss:.4f} accuracy {self.evaluate():.4f}")
        return self.evaluate()


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    options = cli.parse_args()
    torch.manual_seed(options.seed)
    gen = torch.Generator().manual_seed(options.seed)
    train = DataLoader(TensorDataset(*gait_windows(864, gen)), batch_size=48, shuffle=True)
    test = DataLoader(TensorDataset(*gait_windows(400, gen)), batch_size=200)
    print(f"final accuracy {Trainer(DeepGait(), train, test, lr=0.03).fit(9):.4f}")
