"""Negative log likelihood of the digits."""
import argparse

import torch
import torch.nn.functional as F
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
        self.fc1 = nn.Linear(64, 64)
        self.drop = nn.Dropout(0.9)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc2(self.drop(F.relu(self.fc1(x))))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
for epoch in range(12):
    net.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = F.nll_loss(net(xb), yb)
        loss.backward()
        optimizer.step()
net.eval()
with torch.no_grad():
    acc = (net(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"test accuracy {acc:.4f}")
