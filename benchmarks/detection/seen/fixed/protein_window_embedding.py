"""Secondary structure of the middle residue from a window of nine (helix, sheet, coil)."""
import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    p.add_argument("--batch_size", type=int, default=64)
    p.add_argument("--target_batch", type=int, default=256)
    p.add_argument("--epochs", type=int, default=30)
    p.add_argument("--lr", type=float, default=5e-3)
    return p.parse_args()


def windows(n, propensity):
    residues = torch.randint(0, 20, (n, 9))
    nearness = torch.tensor([0.2, 0.4, 0.6, 0.9, 1.0, 0.9, 0.6, 0.4, 0.2])
    score = (propensity[residues] * nearness[None, :, None]).sum(1)
    return TensorDataset(residues, (score + 0.3 * torch.randn(n, 3)).argmax(1))


class WindowNet(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.residue = nn.Embedding(20, dim)
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(9 * dim, 48), nn.ReLU(), nn.Dropout(0.1), nn.Linear(48, 3))

    def forward(self, x):
        return self.body(self.residue(x))


def evaluate(model, dataset):
    model.eval()
    with torch.no_grad():
        x, y = dataset.tensors
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    propensity = torch.randn(20, 3)
    train, test = windows(1024, propensity), windows(600, propensity)
    loader = DataLoader(train, batch_size=args.batch_size, shuffle=True)
    accumulate = args.target_batch // args.batch_size
    model = WindowNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(args.epochs):
        model.train()
        total = 0.0
        for i, (x, y) in enumerate(loader):
            loss = criterion(model(x), y)
            (loss / accumulate).backward()
            total += loss.item()
            if (i + 1) % accumulate == 0:
                optimizer.step()
                optimizer.zero_grad()
        if epoch % 5 == 0:
            print(f"[{epoch}] loss={total / len(loader):.4f} train acc={evaluate(model, train):.4f}")
    print(f"Q3 on test windows: {evaluate(model, test):.4f}")


if __name__ == "__main__":
    main()
