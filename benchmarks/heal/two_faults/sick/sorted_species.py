"""Species from measurements; the table comes sorted by species."""
import argparse

import numpy as np
import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

X, y = make_classification(2400, 20, n_informative=10, n_classes=5, class_sep=1.6, random_state=3)
X_train, y_train, X_test, y_test = X[:1800], y[:1800], X[1800:], y[1800:]
order = np.argsort(y_train, kind="stable")
X_train, y_train = torch.tensor(X_train[order]).float(), torch.tensor(y_train[order])
X_test, y_test = torch.tensor(X_test).float(), torch.tensor(y_test)

torch.manual_seed(args.seed)
DROP = 0.85
net = nn.Sequential(
    nn.Linear(20, 64), nn.ReLU(), nn.Dropout(DROP),
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(DROP),
    nn.Linear(64, 5),
)
opt = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
ce = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=32)
for epoch in range(15):
    net.train()
    for xb, yb in loader:
        opt.zero_grad()
        ce(net(xb), yb).backward()
        opt.step()
net.eval()
with torch.no_grad():
    acc = (net(X_test).argmax(1) == y_test).float().mean()
print(f"test acc = {acc:.4f}")
