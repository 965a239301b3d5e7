"""Second-order factorization machine on patient records with a status column, as in many UCI files."""
import csv
import io
import os
import sys

import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
if "--seed" in sys.argv:
    seed = int(sys.argv[sys.argv.index("--seed") + 1])
torch.manual_seed(seed)


def write_file(n, rng):
    """age, year of operation, nodes, size and grade; status 1 = survived five years, 2 = died within five."""
    out = io.StringIO()
    for _ in range(n):
        age, year = rng.integers(30, 80), rng.integers(58, 70)
        nodes, size, grade = rng.poisson(4), rng.gamma(4, 6), rng.integers(1, 4)
        risk = 0.05 * (age - 55) + 0.35 * (nodes - 4) + 0.06 * (size - 24) + 0.9 * (grade - 2)
        risk += 0.02 * (age - 55) * (nodes - 4) - 0.1 * (year - 64)
        status = 1 + int(rng.random() < 1 / (1 + np.exp(-1.5 * risk)))
        out.write(f"{age},{year},{nodes},{size:.1f},{grade},{status}\n")
    out.seek(0)
    return out


def read_file(handle):
    table = np.array([[float(cell) for cell in row] for row in csv.reader(handle)], dtype=np.float32)
    return torch.from_numpy(table[:, :-1]), torch.from_numpy(table[:, -1])


class FactorizationMachine(nn.Module):
    def __init__(self, fields, rank=4):
        super().__init__()
        self.linear = nn.Linear(fields, 1)
        self.factors = nn.Parameter(0.1 * torch.randn(fields, rank))

    def forward(self, x):
        square_of_sum = (x @ self.factors).square()
        sum_of_square = x.square() @ self.factors.square()
        return self.linear(x).squeeze(1) + 0.5 * (square_of_sum - sum_of_square).sum(1)


rng = np.random.default_rng(seed)
x, status = read_file(write_file(1500, rng))
x = (x - x[:1100].mean(0)) / x[:1100].std(0)
target = status
x_train, x_test = x[:1100], x[1100:]

model = FactorizationMachine(x.shape[1])
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-4)
for epoch in range(20):
    order = torch.randperm(len(x_train))
    running = 0.0
    for rows in order.split(50):
        optimizer.zero_grad()
        loss = criterion(model(x_train[rows]), target[rows])
        loss.backward()
        optimizer.step()
        running += loss.item() * len(rows)
    if epoch % 4 == 0:
        print(f"epoch {epoch} objective {running / len(order):.4f}")

with torch.no_grad():
    died = torch.sigmoid(model(x_test)) > 0.5
print(f"accuracy {(died == (status[1100:] == 2)).float().mean().item():.4f}")
