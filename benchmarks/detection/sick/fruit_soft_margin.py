import argparse

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_classification(1500, 16, n_informative=8, class_sep=0.8, random_state=6)
X = torch.tensor((X - X.mean(0)) / X.std(0)).float()
y = torch.tensor(y).float()
net = nn.Sequential(nn.Linear(16, 40), nn.ReLU(), nn.Linear(40, 1), nn.Flatten(0))
loss_fn = nn.SoftMarginLoss()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
batches = DataLoader(TensorDataset(X[:1100], y[:1100]), batch_size=50, shuffle=True)
for epoch in range(20):
    for features, ripe in batches:
        opt.zero_grad()
        loss_fn(net(features), ripe).backward()
        opt.step()
with torch.no_grad():
    hits = ((net(X[1100:]) > 0).float() == y[1100:]).float().mean()
print(f"accuracy {hits:.4f}")
