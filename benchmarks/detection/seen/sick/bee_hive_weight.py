"""Daily gain in weight of a bee hive from a week of weather."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


def weeks(n, gen):
    x = torch.randn(n, 7, 4, generator=gen)
    x[..., 0] = x[..., 0].cumsum(1) / 2
    warm = torch.sigmoid(2 * x[..., 0])
    flow = (warm * (1 + 0.5 * torch.tanh(x[..., 1])) - 0.4 * x[..., 2].clamp(min=0)).mul(
        torch.linspace(0.3, 1, 7)
    )
    gain = flow.sum(1) + 0.15 * torch.randn(n, generator=gen)
    return x, (gain - 1.6) / 1.2


class HiveNet(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.lstm = nn.LSTM(4, hidden, batch_first=True)
        self.fc1 = nn.Linear(hidden, 48)
        self.fc2 = nn.Linear(48, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        h = F.relu(self.fc1(out[:, -1]))
        h = F.dropout(h, p=0.35)
        return self.fc2(h).squeeze(-1)


def train(model, loader, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(y)
    return total / len(loader.dataset)


def validate(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for x, y in loader:
            total += F.mse_loss(model(x), y, reduction="sum").item()
    return total / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=7)
    args = parser.parse_args()
    data = TensorDataset(*weeks(2400, torch.Generator().manual_seed(50)))
    train_set, val_set, test_set = random_split(data, [1600, 300, 500], torch.Generator().manual_seed(1))
    torch.manual_seed(args.seed)
    train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
    val_loader, test_loader = DataLoader(val_set, batch_size=100), DataLoader(test_set, batch_size=100)
    model = HiveNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(args.epochs):
        train_loss = train(model, train_loader, optimizer)
        print(f"epoch {epoch + 1}: train {train_loss:.4f}, validation {validate(model, val_loader):.4f}")
    print(f"test mse {validate(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
