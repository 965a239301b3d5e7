import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=12)
args = parser.parse_args()

rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

# 14 junctions: a trunk with side branches
EDGES = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 6), (6, 7), (2, 8), (8, 9), (3, 10), (10, 11), (4, 12), (12, 13)]
N = 14
A = np.zeros((N, N), dtype=np.float32)
for i, j in EDGES:
    A[i, j] = A[j, i] = 1
A_mean = torch.from_numpy(A / A.sum(1, keepdims=True))

elevation = rng.uniform(5, 60, N)
diameter = rng.choice([80.0, 100.0, 150.0, 200.0], N)


def simulate(count):
    """One row per night: gauge readings at every junction, and the junction where water was lost."""
    leak = rng.integers(0, N, count)
    supply = rng.normal(4.1e5, 1.2e4, (count, 1))
    pressure = supply - 900 * elevation + rng.normal(0, 1500, (count, N))
    flow = 0.012 + rng.normal(0, 0.002, (count, N))
    rows = np.arange(count)
    size = rng.uniform(0.6, 1.4, count)
    pressure[rows, leak] -= 9000 * size
    flow[rows, leak] += 0.006 * size
    pressure -= 2500 * size[:, None] * A[leak]
    table = np.stack([pressure, flow, np.tile(elevation, (count, 1)), np.tile(diameter, (count, 1))], axis=-1)
    return torch.tensor(table, dtype=torch.float32), torch.tensor(leak)


x_train, y_train = simulate(1600)
x_test, y_test = simulate(600)


class Neighbourhood(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.own = nn.Linear(n_in, n_out)
        self.around = nn.Linear(n_in, n_out, bias=False)

    def forward(self, x):
        return self.own(x) + self.around(A_mean @ x)


class LeakFinder(nn.Module):
    def __init__(self):
        super().__init__()
        self.g1 = Neighbourhood(4, 32)
        self.g2 = Neighbourhood(32, 32)
        self.score = nn.Linear(32, 1)

    def forward(self, x):
        x = F.relu(self.g1(x))
        x = F.relu(self.g2(x))
        return self.score(x).squeeze(-1)


model = LeakFinder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(args.epochs):
    model.train()
    total = 0.0
    for idx in torch.randperm(len(x_train)).split(40):
        loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    model.eval()
    with torch.no_grad():
        acc = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1:2d}  loss {total / len(x_train):.4f}  located {acc:.3f}")

print(f"located correctly: {acc:.4f}")
