import argparse
import numpy as np
import torch
from torch import nn
from sklearn.datasets import load_diabetes

parser = argparse.ArgumentParser(description="linear model for the diabetes table")
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

torch.manual_seed(args.seed)
X, y = load_diabetes(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


class LinearModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(10) * 0.1)
        self.b = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return x @ self.w + self.b


model = LinearModel()
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
train, test = np.arange(442) % 4 != 0, np.arange(442) % 4 == 0
Xtr, ytr, Xte, yte = X[train], y[train], X[test], y[test]

for epoch in range(args.epochs):
    perm = torch.randperm(len(Xtr))
    for i in range(0, len(perm), 83):
        sel = perm[i : i + 83]
        loss = nn.functional.mse_loss(model(Xtr[sel]), ytr[sel])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch} loss {loss.item():.4g}")

with torch.no_grad():
    print("test mse", nn.functional.mse_loss(model(Xte), yte).item())
