"""Near-infrared scans of six apple cultivars; the buyer wants one accuracy per cultivar."""

import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

CULTIVARS = ["Boskoop", "Elstar", "Gala", "Idared", "Jonagold", "Topaz"]


def scan(n_each, curves, bands):
    spectra, kinds = [], []
    for kind in range(len(CULTIVARS)):
        depth = 1 + 0.15 * torch.randn(n_each, 2)
        base = depth[:, :1] * curves[kind, 0] + depth[:, 1:] * curves[kind, 1]
        slope = 0.3 * torch.randn(n_each, 1) * torch.linspace(-1, 1, bands)
        spectra.append(base + slope + 0.45 * torch.randn(n_each, bands))
        kinds.append(torch.full((n_each,), kind))
    return torch.cat(spectra), torch.cat(kinds)


def absorption_curves(bands):
    band = torch.arange(bands)
    centre = torch.randint(6, bands - 6, (len(CULTIVARS), 2, 1))
    return 1.0 * torch.exp(-((band - centre) ** 2) / 18.0)


class ScanNet(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.features = nn.Sequential(
            nn.Linear(64, 64, bias=False),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(64, 32, bias=False),
            nn.BatchNorm1d(32),
            nn.ReLU(),
        )
        self.head = nn.Linear(32, classes)

    def forward(self, x):
        return self.head(self.features(x))


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total / len(loader)


def report(model, x, y):
    model.eval()
    shares = []
    with torch.no_grad():
        for kind, name in enumerate(CULTIVARS):
            own = y == kind
            share = (model(x[own]).argmax(1) == kind).float().mean().item()
            print(f"  {name:10s} {share:.3f}")
            shares.append(share)
    return sum(shares) / len(shares)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    curves = absorption_curves(64)
    train_x, train_y = scan(200, curves, 64)
    test_x, test_y = scan(80, curves, 64)
    loader = DataLoader(TensorDataset(train_x, train_y), batch_size=40, shuffle=True)

    model = ScanNet(len(CULTIVARS))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        loss = train_epoch(model, loader, criterion, optimizer)
        print(f"epoch {epoch} loss {loss:.4f}")
        if epoch % 3 == 2:
            report(model, test_x, test_y)
    print(f"mean accuracy over cultivars {report(model, test_x, test_y):.4f}")


if __name__ == "__main__":
    main()
