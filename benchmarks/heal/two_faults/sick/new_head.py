"""The head is made anew once the number of classes is known."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
data = load_digits()
X, y = torch.tensor(data.data / 16.0).float(), torch.tensor(data.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.Tanh())
        self.head = nn.Linear(64, 2)

    def forward(self, x):
        return self.head(self.body(x))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
net.body = nn.Sequential(nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
net.head = nn.Linear(64, int(y.max()) + 1)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
for epoch in range(12):
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(net(xb), yb).backward()
        optimizer.step()
with torch.no_grad():
    acc = (net(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"test accuracy {acc:.4f}")
