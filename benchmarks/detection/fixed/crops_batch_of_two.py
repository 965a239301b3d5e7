import argparse

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--batch-size", type=int, default=2)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_classification(1000, 20, n_informative=10, n_classes=5, class_sep=1.5, random_state=9)
X = torch.tensor((X - X.mean(0)) / X.std(0)).float()
y = torch.tensor(y)
train = DataLoader(TensorDataset(X[:700], y[:700]), batch_size=args.batch_size, shuffle=True)


def block(n_in, n_out):
    return nn.Sequential(nn.Linear(n_in, n_out), nn.GroupNorm(6, n_out), nn.ReLU())


net = nn.Sequential(block(20, 48), block(48, 48), nn.Linear(48, 5))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(4):
    net.train()
    for xb, yb in train:
        optimizer.zero_grad()
        criterion(net(xb), yb).backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    acc = (net(X[700:]).argmax(1) == y[700:]).float().mean().item()
print(f"test acc {acc:.3f}")
