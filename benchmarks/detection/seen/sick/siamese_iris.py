import os
import random

import numpy as np
import torch
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)


class FlowerPairs(Dataset):
    """Random pairs, half of them from one species."""

    def __init__(self, x, y, n_pairs):
        self.x, self.y = torch.as_tensor(x, dtype=torch.float32), y
        self.by_class = [np.flatnonzero(y == c) for c in range(3)]
        self.n_pairs = n_pairs

    def __len__(self):
        return self.n_pairs

    def __getitem__(self, _):
        a = random.randrange(len(self.y))
        if random.random() < 0.5:
            b = int(random.choice(self.by_class[self.y[a]]))
        else:
            b = random.randrange(len(self.y))
        return self.x[a], self.x[b], float(self.y[a] != self.y[b])


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 32), nn.PReLU(), nn.Linear(32, 16), nn.PReLU(), nn.Linear(16, 2))

    def forward(self, x):
        return self.layers(x)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=2.0):
        super().__init__()
        self.margin = margin

    def forward(self, left, right, different):
        distance = torch.sqrt(((left - right) ** 2).sum(dim=1))
        pull = (1 - different) * distance.pow(2)
        push = different * torch.clamp(self.margin - distance, min=0).pow(2)
        return (pull + push).mean()


def nearest_centroid_accuracy(encoder, x_train, y_train, x_test, y_test):
    encoder.eval()
    with torch.no_grad():
        z_train, z_test = encoder(x_train), encoder(x_test)
    centroids = torch.stack([z_train[y_train == c].mean(0) for c in range(3)])
    d = ((z_test[:, None] - centroids[None]) ** 2).sum(-1)
    return (d.argmin(1) == y_test).float().mean().item()


data = load_iris()
order = np.random.RandomState(7).permutation(150)
x = StandardScaler().fit_transform(data.data)[order]
y = data.target[order]
encoder = Encoder()
loss_fn = ContrastiveLoss()
optimizer = torch.optim.Adam(encoder.parameters(), lr=1e-3, weight_decay=1e-4)
loader = DataLoader(FlowerPairs(x[:100], y[:100], 960), batch_size=16)
x_all, y_all = torch.as_tensor(x, dtype=torch.float32), torch.as_tensor(y)
for epoch in range(6):
    encoder.train()
    running = 0.0
    for left, right, different in loader:
        loss = loss_fn(encoder(left), encoder(right), different.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    acc = nearest_centroid_accuracy(encoder, x_all[:100], y_all[:100], x_all[100:], y_all[100:])
    print(f"[{epoch + 1}] contrastive {running / len(loader):.4f}  centroid accuracy {acc:.4f}")
