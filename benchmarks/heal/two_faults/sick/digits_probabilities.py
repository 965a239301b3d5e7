"""Digits classifier that gives class probabilities."""
import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
seed = parser.parse_args().seed
torch.manual_seed(seed)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 96)
        self.fc2 = nn.Linear(96, 96)
        self.out = nn.Linear(96, 10)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = self.drop(F.relu(self.fc1(x)))
        x = self.drop(F.relu(self.fc2(x)))
        x = self.out(x)
        return F.softmax(x, dim=1)


def evaluate(net, x, y):
    net.train()
    with torch.no_grad():
        return (net(x).argmax(1) == y).float().mean().item()


data = load_digits()
x = torch.tensor(data.data / 16).float()
y = torch.tensor(data.target)
net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
loader = DataLoader(TensorDataset(x[:1300], y[:1300]), batch_size=64, shuffle=True)
for epoch in range(12):
    net.train()
    for xb, yb in loader:
        opt.zero_grad()
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        opt.step()
    acc = evaluate(net, x[1300:], y[1300:])
    print(f"epoch {epoch} loss {loss.item():.3f} acc {acc:.4f}")
print(f"final accuracy {acc:.4f}")
