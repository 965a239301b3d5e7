"""Bearing condition from vibration spectra recorded on a test bench."""
import argparse

import numpy as np
import torch
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--batch", type=int, default=50)
ap.add_argument("--epochs", type=int, default=9)
opts = ap.parse_args()

STATES = ["ok", "inner", "outer", "ball", "loose"]


def record(state, count, rng):
    """One recording session: `count` spectra of a bearing in the given state."""
    bins = np.arange(40)
    spectra = rng.exponential(0.10, (count, 40))
    base = rng.uniform(5, 8, (count, 1))
    for harmonic in range(1, 5):
        strength = [0.3, 1.0, 1.0, 0.9, 0.6][state] / harmonic ** [1.0, 1.0, 0.4, 1.0, 0.2][state]
        place = base * harmonic * [1.0, 1.0, 1.0, 1.25, 1.0][state]
        spectra += strength * rng.uniform(0.6, 1.4, (count, 1)) * np.exp(-((bins - place) ** 2) / 1.5)
    if state == 4:
        spectra += 0.5 * np.exp(-((bins - base / 2) ** 2) / 1.5)
    return np.log(spectra + 0.05)


rng = np.random.default_rng(21)
sessions = [record(s, 800, rng) for s in range(len(STATES))]
x = torch.tensor(np.concatenate([r[:600] for r in sessions]), dtype=torch.float32)
y = torch.arange(len(STATES)).repeat_interleave(600)
x_test = torch.tensor(np.concatenate([r[600:] for r in sessions]), dtype=torch.float32)
y_test = torch.arange(len(STATES)).repeat_interleave(200)
mu, sd = x.mean(0), x.std(0)
x, x_test = (x - mu) / sd, (x_test - mu) / sd

torch.manual_seed(opts.seed)
model = torch.nn.Sequential(
    torch.nn.Linear(40, 96), torch.nn.ReLU(),
    torch.nn.Linear(96, 48), torch.nn.ReLU(),
    torch.nn.Linear(48, len(STATES)),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9, weight_decay=1e-3)

for epoch in range(opts.epochs):
    order = torch.arange(len(x))
    mean_loss = 0.0
    for start in range(0, len(x), opts.batch):
        rows = order[start:start + opts.batch]
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean_loss += loss.item() * len(rows) / len(x)
    with torch.no_grad():
        score = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"{epoch + 1:3d} loss {mean_loss:.4f} bench accuracy {score:.4f}")
print(f"final accuracy {score:.4f}")
