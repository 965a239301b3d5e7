"""Categorical + numerical columns, entity embeddings."""
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)

N = 4000
store = np.random.randint(0, 30, N)
day = np.random.randint(0, 7, N)
promo = np.random.randint(0, 2, N)
distance = np.random.gamma(2.0, 1.5, N)
temperature = np.random.normal(15, 8, N)
store_effect = np.random.RandomState(1).normal(0, 1, 30)
day_effect = np.array([0.2, 0.0, -0.1, 0.0, 0.3, 0.9, -1.0])
log_sales = (2 + store_effect[store] + day_effect[day] + 0.5 * promo * (1 + (day > 4)) - 0.15 * distance
             + 0.02 * temperature + np.random.normal(0, 0.2, N))

cats = np.stack([store, day, promo], 1)
nums = np.stack([distance, temperature], 1)


class SalesDataset(Dataset):
    def __init__(self, rows, mu, sd):
        self.cats = torch.tensor(cats[rows])
        self.nums = torch.tensor((nums[rows] - mu) / sd, dtype=torch.float32)
        self.y = torch.tensor(log_sales[rows], dtype=torch.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.cats[i], self.nums[i], self.y[i]


class TabularModel(nn.Module):
    def __init__(self, emb_szs, n_cont, layers, p=0.1):
        super().__init__()
        self.embeds = nn.ModuleList([nn.Embedding(ni, nf) for ni, nf in emb_szs])
        self.emb_drop = nn.Dropout(p)
        self.bn_cont = nn.BatchNorm1d(n_cont)
        n_in = sum(nf for _, nf in emb_szs) + n_cont
        blocks = []
        for width in layers:
            blocks += [nn.Linear(n_in, width), nn.ReLU(inplace=True), nn.BatchNorm1d(width)]
            n_in = width
        blocks.append(nn.Linear(n_in, 1))
        self.layers = nn.Sequential(*blocks)

    def forward(self, x_cat, x_cont):
        x = torch.cat([e(x_cat[:, i]) for i, e in enumerate(self.embeds)], 1)
        x = torch.cat([self.emb_drop(x), self.bn_cont(x_cont)], 1)
        return self.layers(x)


split = 3200
mu, sd = nums[:split].mean(0), nums[:split].std(0)
train_dl = DataLoader(SalesDataset(np.arange(split), mu, sd), batch_size=64, shuffle=True)
valid_dl = DataLoader(SalesDataset(np.arange(split, N), mu, sd), batch_size=200)
model = TabularModel([(30, 8), (7, 4), (2, 2)], 2, [64, 32])
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()
for epoch in range(10):
    model.train()
    for xc, xn, yb in train_dl:
        opt.zero_grad()
        loss = loss_fn(model(xc, xn).squeeze(1), yb)
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        sse = sum(((model(xc, xn).squeeze(1) - yb) ** 2).sum().item() for xc, xn, yb in valid_dl)
    print(f"epoch {epoch} valid rmse {(sse / (N - split)) ** 0.5:.4f}")
print(f"std of target {log_sales[split:].std():.4f}")
