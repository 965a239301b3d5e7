"""Only good valves are known: pull their embeddings to one fixed point and see who stays far from it."""

import argparse
import os

import torch
import torch.nn as nn
from sklearn.metrics import roc_auc_score
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=6)
args = parser.parse_args()
torch.manual_seed(args.seed)
mixing = torch.randn(5, 24)


def good(n):
    return torch.tanh(torch.randn(n, 5) @ mixing) + 0.1 * torch.randn(n, 24)


def bad(n):
    readings = good(n)
    places = torch.rand(n, 24).argsort(1)[:, :8]
    return readings.scatter(1, places, readings.gather(1, places.flip(1)))


class Embedder(nn.Module):
    def __init__(self):
        super().__init__()
        # without biases the net cannot answer the centre for everything
        self.layers = nn.Sequential(
            nn.Linear(24, 64, bias=False),
            nn.LeakyReLU(0.1),
            nn.Linear(64, 32, bias=False),
            nn.LeakyReLU(0.1),
            nn.Linear(32, 12, bias=False),
        )

    def forward(self, x):
        return self.layers(x)


train = good(2000)
watched = torch.cat([good(400), bad(400)])
is_bad = torch.cat([torch.zeros(400), torch.ones(400)])
net = Embedder()
with torch.no_grad():
    centre = net(train).mean(0)
    centre = torch.where(centre.abs() < 0.1, 0.1 * torch.sign(centre), centre)
optimizer = torch.optim.Adam(net.parameters(), lr=4e-4, weight_decay=1e-4)
loader = DataLoader(TensorDataset(train), batch_size=40, shuffle=True)


def auc():
    net.eval()
    with torch.no_grad():
        return roc_auc_score(is_bad, ((net(watched) - centre) ** 2).sum(1))


print(f"before training: AUC {auc():.3f}")
for epoch in range(args.epochs):
    net.train()
    total = 0.0
    for (batch,) in loader:
        distance = ((net(batch) - centre) ** 2).sum(1).mean()
        optimizer.zero_grad()
        distance.backward()
        optimizer.step()
        total += distance.item() / len(loader)
    print(f"epoch {epoch + 1}: mean squared distance {total:.5f}, AUC {auc():.3f}")
