import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

FIELDS, VALUES, RANK = 5, 8, 8

# clicks depend on which values of the fields meet
taste = rng.normal(size=(FIELDS * VALUES, 5))


def impressions(n):
    ids = rng.integers(0, VALUES, size=(n, FIELDS)) + np.arange(FIELDS) * VALUES
    v = taste[ids]
    pairs = 0.5 * ((v.sum(1) ** 2).sum(1) - (v**2).sum((1, 2)))
    p = 1 / (1 + np.exp(-0.8 * pairs))
    return torch.tensor(ids), torch.tensor(rng.random(n) < p, dtype=torch.float32)


class FactorizationMachine(nn.Module):
    """Rendle's model: a bias, one weight per value, and a factor vector per value."""

    def __init__(self, n_values, rank):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(()))
        self.linear = nn.Embedding(n_values, 1)
        self.factors = nn.Embedding(n_values, rank)
        nn.init.zeros_(self.linear.weight)
        nn.init.constant_(self.factors.weight, 0.1)

    def forward(self, ids):
        v = self.factors(ids)
        square_of_sum = v.sum(dim=1).pow(2)
        sum_of_squares = v.pow(2).sum(dim=1)
        interactions = 0.5 * (square_of_sum - sum_of_squares).sum(dim=1)
        return self.bias + self.linear(ids).sum(dim=(1, 2)) + interactions


train_ids, train_click = impressions(8000)
test_ids, test_click = impressions(2000)

fm = FactorizationMachine(FIELDS * VALUES, RANK)
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(fm.parameters(), lr=0.02, weight_decay=1e-6)

batch_size = 200
for epoch in range(15):
    perm = torch.randperm(len(train_ids))
    total = 0.0
    for i in range(0, len(perm), batch_size):
        idx = perm[i:i + batch_size]
        loss = criterion(fm(train_ids[idx]), train_click[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item() * len(idx)
    if epoch % 3 == 0:
        print(f"epoch {epoch}: logloss {total / len(perm):.4f}")

with torch.no_grad():
    accuracy = ((fm(test_ids) > 0).float() == test_click).float().mean().item()
print(f"click accuracy {accuracy:.4f}")
