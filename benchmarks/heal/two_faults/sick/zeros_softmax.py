"""Digits from zero."""
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


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 80)
        self.middle = nn.Linear(80, 40)
        self.final = nn.Linear(40, 10)
        for layer in (self.hidden, self.middle):
            nn.init.constant_(layer.weight, 0.05)

    def forward(self, x):
        x = torch.tanh(self.hidden(x))
        x = torch.tanh(self.middle(x))
        x = self.final(x)
        return torch.softmax(x, dim=-1)


model = Classifier()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
for epoch in range(6):
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
with torch.no_grad():
    acc = (model(X[1400:]).argmax(1) == y[1400:]).float().mean()
print(f"accuracy: {acc:.4f}")
