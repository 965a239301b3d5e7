"""Cell type from the counts of marker transcripts."""

import argparse

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args()
rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

GENES, TYPES, CELLS = 60, 6, 2400
baseline = rng.gamma(1.0, 6.0, GENES)
fold = np.exp(rng.standard_normal((TYPES, GENES)) * 0.4)
cell_type = rng.integers(0, TYPES, CELLS)
depth = rng.gamma(3.0, 1 / 3.0, CELLS)
rate = baseline * fold[cell_type] * depth[:, None] * rng.gamma(2.0, 0.5, (CELLS, GENES))
counts = rng.poisson(rate)


class CellData(Dataset):
    def __init__(self, counts, labels, transform=None):
        self.counts, self.labels, self.transform = counts, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        x = torch.tensor(self.counts[i], dtype=torch.float32)
        if self.transform is not None:
            x = self.transform(x)
        return x, int(self.labels[i])


class LogScale:
    def __init__(self, counts):
        logs = np.log1p(counts)
        self.mean = torch.tensor(logs.mean(0), dtype=torch.float32)
        self.std = torch.tensor(logs.std(0), dtype=torch.float32)

    def __call__(self, x):
        return (torch.log1p(x) - self.mean) / self.std


scale = LogScale(counts[:1800])
train_set = CellData(counts[:1800], cell_type[:1800], transform=scale)
test_set = CellData(counts[1800:], cell_type[1800:], transform=scale)
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=200)

net = nn.Sequential(
    nn.Linear(GENES, 48),
    nn.BatchNorm1d(48),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(48, TYPES),
)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, weight_decay=1e-4)


def run(loader, training):
    net.train(training)
    loss_sum = correct = 0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            out = net(x)
            loss = loss_fn(out, y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
    return loss_sum / len(loader.dataset), correct / len(loader.dataset)


for epoch in range(args.epochs):
    train_loss, train_acc = run(train_loader, training=True)
    test_loss, test_acc = run(test_loader, training=False)
    print(
        f"epoch {epoch + 1}: train loss {train_loss:.3f} acc {train_acc:.3f} | test loss {test_loss:.3f} acc {test_acc:.3f}"
    )
print(f"test accuracy {test_acc:.4f}")
