import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

np.random.seed(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))
n_users, n_items, rank = 150, 100, 3
U, V = np.random.randn(n_users, rank), np.random.randn(n_items, rank)
bu, bi = 0.4 * np.random.randn(n_users), 0.4 * np.random.randn(n_items)
users, items = np.meshgrid(np.arange(n_users), np.arange(n_items), indexing="ij")
keep = np.random.rand(n_users, n_items) < 0.6
users, items = users[keep], items[keep]
rating = 3 + 0.5 * (U[users] * V[items]).sum(1) + bu[users] + bi[items] + 0.2 * np.random.randn(len(users))
rating = np.clip(rating, 1, 5)
order = np.random.permutation(len(users))
cut = int(0.85 * len(order))


def to_ds(rows):
    return TensorDataset(torch.tensor(users[rows]), torch.tensor(items[rows]), torch.tensor(rating[rows]).float())


class DotProductBias(nn.Module):
    def __init__(self, n_factors=8, y_range=(0.5, 5.5)):
        super().__init__()
        self.user_factors = nn.Embedding(n_users, n_factors)
        self.item_factors = nn.Embedding(n_items, n_factors)
        self.user_bias = nn.Embedding(n_users, 1)
        self.item_bias = nn.Embedding(n_items, 1)
        for e in (self.user_factors, self.item_factors):
            nn.init.normal_(e.weight, std=0.1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.item_bias.weight)
        self.y_range = y_range

    def forward(self, u, i):
        res = (self.user_factors(u) * self.item_factors(i)).sum(dim=1, keepdim=True)
        res = res + self.user_bias(u) + self.item_bias(i)
        low, high = self.y_range
        return torch.sigmoid(res.squeeze(1)) * (high - low) + low


model = DotProductBias()
opt = torch.optim.Adam(model.parameters(), lr=2e-2, weight_decay=1e-5)
train_dl = DataLoader(to_ds(order[:cut]), batch_size=256, shuffle=True)
u, i, r = to_ds(order[cut:]).tensors
for epoch in range(10):
    model.train()
    for bu_, bi_, br_ in train_dl:
        loss = nn.functional.mse_loss(model(bu_, bi_), br_)
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        rmse = nn.functional.mse_loss(model(u, i), r).sqrt().item()
    print(f"epoch {epoch} train mse {loss.item():.4f} test rmse {rmse:.4f} (std {r.std().item():.4f})")
