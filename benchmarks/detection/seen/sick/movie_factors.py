import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

users, movies, rank = 120, 80, 3
taste, genre = rng.normal(size=(users, rank)), rng.normal(size=(movies, rank))
u, m = rng.integers(0, users, 4500), rng.integers(0, movies, 4500)
stars = 3.2 + 0.45 * (taste[u] * genre[m]).sum(1) + 0.3 * rng.normal(size=users)[u] + 0.2 * rng.normal(size=4500)
stars = np.clip(stars, 0.5, 5.0)
u, m, stars = torch.tensor(u), torch.tensor(m), torch.tensor(stars, dtype=torch.float32)
split = 4000
loader = DataLoader(TensorDataset(u[:split], m[:split], stars[:split]), batch_size=64, shuffle=True)


class Factorization(nn.Module):
    def __init__(self, n_users, n_movies, k=6, mean=0.0):
        super().__init__()
        self.user, self.movie = nn.Embedding(n_users, k), nn.Embedding(n_movies, k)
        self.user_bias, self.movie_bias = nn.Embedding(n_users, 1), nn.Embedding(n_movies, 1)
        for table in (self.user, self.movie):
            nn.init.normal_(table.weight, std=0.3)
        for table in (self.user_bias, self.movie_bias):
            nn.init.zeros_(table.weight)
        self.mean = mean

    def forward(self, user, movie):
        product = (self.user(user) * self.movie(movie)).sum(1)
        return self.mean + product + self.user_bias(user).squeeze(1) + self.movie_bias(movie).squeeze(1)


model = Factorization(users, movies, mean=stars[:split].mean().item())
optimizer = torch.optim.Adam(model.parameters(), lr=0.02, weight_decay=0.1)
for epoch in range(7):
    squared = 0.0
    for user, movie, star in loader:
        error = model(user, movie) - star
        loss = (error**2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        squared += (error**2).sum().item()
    print(f"epoch {epoch + 1}: train rmse {(squared / split) ** 0.5:.4f}")
with torch.no_grad():
    rmse = (model(u[split:], m[split:]) - stars[split:]).pow(2).mean().sqrt().item()
print(f"test rmse {rmse:.4f}")
