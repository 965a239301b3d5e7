"""Activities of workers from a vest's accelerometers; features are pooled into mean and spread."""

import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


class StatisticsPooling(nn.Module):
    """Mean and standard deviation over time, side by side."""

    def forward(self, x):
        mean = x.mean(dim=2)
        variance = (x - mean.unsqueeze(2)).pow(2).mean(dim=2)
        return torch.cat([mean, torch.sqrt(variance)], dim=1)


class ActivityNet(nn.Module):
    def __init__(self, channels=6, classes=4):
        super().__init__()
        self.frames = nn.Sequential(
            nn.Conv1d(channels, 24, 5),
            nn.Tanh(),
            nn.Conv1d(24, 24, 3),
            nn.Tanh(),
        )
        self.pool = StatisticsPooling()
        self.head = nn.Sequential(nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, classes))

    def forward(self, x):
        return self.head(self.pool(self.frames(x)))


def recordings(n):
    activity = torch.randint(0, 4, (n,))
    t = torch.arange(40) / 10
    tempo = torch.tensor([0.4, 1.1, 1.8, 2.6])[activity].view(n, 1, 1) * (1 + 0.1 * torch.randn(n, 1, 1))
    force = torch.tensor([0.5, 0.9, 0.6, 1.0])[activity].view(n, 1, 1)
    phase = 6.28 * torch.rand(n, 6, 1)
    signal = force * torch.sin(6.28 * tempo * t + phase) + 0.5 * torch.randn(n, 6, 40)
    switched_off = torch.rand(n, 1, 1) < 0.005
    return signal.masked_fill(switched_off, 0.0), activity


def main(seed, epochs=10):
    torch.manual_seed(seed)
    train_set, (x_test, y_test) = TensorDataset(*recordings(1500)), recordings(400)
    model = ActivityNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        for x, y in DataLoader(train_set, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=0)
    main(cli.parse_args().seed)
