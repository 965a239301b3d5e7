"""Name the source in a gamma spectrum: 48 channels of photon counts, five sources."""
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
LINES = [(10, 25), (14, 33), (20, 40), (10, 40), (25, 33)]


def measure(n):
    channel = np.arange(48)
    source = rng.integers(0, len(LINES), n)
    rate = 250 * np.exp(-channel / 12)[None] * rng.uniform(0.5, 2.0, (n, 1))
    for i, k in enumerate(source):
        for line in LINES[k]:
            rate[i] += rng.uniform(20, 80) * np.exp(-((channel - line) / 1.5) ** 2)
    return rng.poisson(rate).astype(np.float32), source


class Spectra(Dataset):
    def __init__(self, counts, source):
        self.values = torch.from_numpy(np.log1p(counts))
        self.source = torch.from_numpy(source)
        self.mean, self.std = torch.zeros(48), torch.ones(48)

    def scale_like(self, other):
        self.mean, self.std = other.values.mean(0), other.values.std(0)
        return self

    def __len__(self):
        return len(self.source)

    def __getitem__(self, i):
        return (self.values[i] - self.mean) / self.std, self.source[i]


train_set = Spectra(*measure(1200))
train_set.scale_like(train_set)
test_set = Spectra(*measure(500)).scale_like(train_set)
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
test_loader = DataLoader(test_set, batch_size=250)

model = nn.Sequential(
    nn.Unflatten(1, (1, 48)),
    nn.Conv1d(1, 10, 5, padding=2),
    nn.ELU(),
    nn.MaxPool1d(2),
    nn.Conv1d(10, 10, 5, padding=2),
    nn.ELU(),
    nn.Flatten(),
    nn.Dropout(0.2),
    nn.Linear(240, len(LINES)),
)
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def run(loader, train):
    model.train(train)
    total = right = count = 0
    with torch.set_grad_enabled(train):
        for values, source in loader:
            out = model(values)
            loss = loss_fn(out, source)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(source)
            right += (out.argmax(1) == source).sum().item()
            count += len(source)
    return total / count, right / count


for epoch in range(8):
    train_loss, train_acc = run(train_loader, True)
    test_loss, test_acc = run(test_loader, False)
    print(f"epoch {epoch}: train {train_loss:.3f}/{train_acc:.3f}  test {test_loss:.3f}/{test_acc:.3f}")
print(f"final test accuracy {test_acc:.4f}")
