import argparse
import copy

import torch
from sklearn.datasets import make_friedman1
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--patience", type=int, default=5)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_friedman1(900, n_features=12, noise=5.0, random_state=7)
X = torch.tensor(X * 2 - 1, dtype=torch.float32)
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
X, y, X_next, y_next = X[:300], y[:300], X[300:], y[300:]

rows = torch.randint(0, 300, (600,))
train, valid = rows[:400], rows[400:]

model = nn.Sequential(nn.Linear(12, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
best, kept, waited = float("inf"), None, 0
for epoch in range(60):
    model.train()
    for idx in train[torch.randperm(len(train))].split(25):
        loss = nn.functional.mse_loss(model(X[idx]).squeeze(1), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        score = nn.functional.mse_loss(model(X[valid]).squeeze(1), y[valid]).item()
    if score < best:
        best, kept, waited = score, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
        if waited == args.patience:
            break
    if epoch % 10 == 0:
        print(f"epoch {epoch} validation mse {score:.4f}")

model.load_state_dict(kept)
with torch.no_grad():
    rmse = nn.functional.mse_loss(model(X_next).squeeze(1), y_next).sqrt().item()
print(f"rmse on next year {rmse:.4f}")
