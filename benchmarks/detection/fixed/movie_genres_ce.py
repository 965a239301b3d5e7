"""Genres of a film from 30 hand-made features; a film may have several."""
import argparse

import torch
from sklearn.datasets import make_multilabel_classification
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

p = argparse.ArgumentParser()
p.add_argument("--seed", type=int, default=0)
opt = p.parse_args()
torch.manual_seed(opt.seed)

X, Y = make_multilabel_classification(
    n_samples=2000, n_features=30, n_classes=8, n_labels=3, allow_unlabeled=True, random_state=8
)
X = torch.from_numpy((X - X.mean(0)) / X.std(0)).float()
Y = torch.from_numpy(Y).float()
train = TensorDataset(X[:1500], Y[:1500])


class GenreNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.head = nn.Linear(64, 8)

    def forward(self, x):
        return self.head(self.body(x))


net = GenreNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(12):
    for features, genres in DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(net(features), genres)
        loss.backward()
        optimizer.step()

with torch.no_grad():
    guess = (torch.sigmoid(net(X[1500:])) > 0.5).float()
    exact = (guess == Y[1500:]).all(dim=1).float().mean()
    print(f"test exact match {exact:.3f}")
