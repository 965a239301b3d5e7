"""Names the machine that was switched on, from the current drawn on three phases while it starts."""

import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--hidden", type=int, default=2)
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--batch-size", type=int, default=40)
args = parser.parse_args()
rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

MACHINES, STEPS, STARTS = 8, 20, 1600
t = np.arange(STEPS)


def start(machine):
    """Inrush that falls off, a bump when the load engages, and an uneven split over the phases."""
    rush = [2.0, 2.0, 1.2, 1.2, 0.6, 0.6, 1.6, 1.6][machine] * np.exp(-t / [3, 7, 3, 7, 3, 7, 5, 5][machine])
    engage = np.exp(-0.5 * ((t - [6, 6, 11, 11, 15, 15, 9, 13][machine] + rng.normal(0, 0.8)) / 1.5) ** 2)
    wave = rush + 0.8 * engage
    share = np.array([1.0, 1.0, 1.0])
    share[machine % 3] += 0.3
    return wave[:, None] * share + 0.25 * rng.standard_normal((STEPS, 3))


label = rng.integers(0, MACHINES, STARTS)
signal = np.stack([start(m) for m in label])
signal = (signal - signal[:1200].mean((0, 1))) / signal[:1200].std((0, 1))
x, y = torch.tensor(signal, dtype=torch.float32), torch.tensor(label)
train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=args.batch_size, shuffle=True)


class StartClassifier(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(3, hidden, batch_first=True)
        self.head = nn.Linear(hidden, MACHINES)

    def forward(self, x):
        _, last = self.gru(x)
        return self.head(last[-1])


model = StartClassifier(args.hidden)
optimizer = torch.optim.Adam(model.parameters())
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=2e-2, epochs=args.epochs, steps_per_epoch=len(train)
)
loss_function = nn.CrossEntropyLoss()
for epoch in range(args.epochs):
    model.train()
    mean_loss = 0.0
    for signals, machines in train:
        loss = loss_function(model(signals), machines)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        scheduler.step()
        mean_loss += loss.item() / len(train)
    model.eval()
    with torch.no_grad():
        accuracy = (model(x[1200:]).argmax(1) == y[1200:]).float().mean().item()
    print(f"epoch {epoch + 1:2d} | loss {mean_loss:.4f} | accuracy {accuracy:.4f}")
print(f"accuracy on held-out starts: {accuracy:.4f}")
