"""Churn model, ported."""
import argparse

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--keep_prob", type=float, default=0.9)
cfg = parser.parse_args()

X, y = make_classification(2400, 25, n_informative=12, n_classes=4, class_sep=1.3, random_state=21)
X = torch.tensor((X - X.mean(0)) / X.std(0)).float()
y = torch.tensor(y)
torch.manual_seed(cfg.seed)


class Churn(nn.Module):
    def __init__(self, keep_prob):
        super().__init__()
        self.fc1 = nn.Linear(25, 32)
        self.drop1 = nn.Dropout(keep_prob)
        self.fc2 = nn.Linear(32, 32)
        self.drop2 = nn.Dropout(keep_prob)
        self.fc3 = nn.Linear(32, 4)

    def forward(self, x):
        x = self.drop1(torch.relu(self.fc1(x)))
        x = self.drop2(torch.relu(self.fc2(x)))
        return self.fc3(x)


model = Churn(cfg.keep_prob)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1800], y[:1800]), batch_size=40, shuffle=True)
for epoch in range(20):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    acc = (model(X[1800:]).argmax(1) == y[1800:]).float().mean()
print(f"accuracy: {acc:.4f}")
