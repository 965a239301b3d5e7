"""Leaf type from a ring scan; scans and the botanist's labels come from two separate readers."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Scans(Dataset):
    def __init__(self, scans):
        self.scans = scans

    def __len__(self):
        return len(self.scans)

    def __getitem__(self, i):
        return self.scans[i]


class Kinds(Dataset):
    def __init__(self, kinds):
        self.kinds = kinds

    def __len__(self):
        return len(self.kinds)

    def __getitem__(self, i):
        return self.kinds[i]


def leaves(n, seed):
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 1, 32, endpoint=False)
    kind = rng.integers(0, 5, n)
    turn = rng.uniform(0, 1, (n, 1))
    outline = np.sin(2 * np.pi * ((2 + kind[:, None]) * angle + turn)) + 0.6 * rng.normal(size=(n, 32))
    return outline.astype(np.float32)[:, None], kind.astype(np.int64)


class RingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 24, 7, padding=3, padding_mode="circular"), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(24, 32, 5, padding=2, padding_mode="circular"), nn.ReLU())
        self.head = nn.Linear(64, 5)

    def forward(self, x):
        h = self.features(x)
        return self.head(torch.cat([h.amax(-1), h.mean(-1)], 1))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    scans, kinds = leaves(3000, 1)
    scans_test, kinds_test = (torch.from_numpy(v) for v in leaves(800, 2))

    scan_reader = DataLoader(Scans(scans), batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(args.seed))
    kind_reader = DataLoader(Kinds(kinds), batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(args.seed))
    model = RingNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(7):
        model.train()
        total, n = 0.0, 0
        for scan, kind in zip(scan_reader, kind_reader):
            loss = nn.functional.cross_entropy(model(scan), kind)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total, n = total + loss.item(), n + 1
        print(f"epoch {epoch} loss {total / n:.4f}")
    model.eval()
    with torch.no_grad():
        acc = (model(scans_test).argmax(1) == kinds_test).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
