"""Four kinds of customers."""
import argparse

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_classification(2400, 24, n_informative=12, n_classes=4, class_sep=1.2, random_state=21)
X, y = torch.tensor((X - X.mean(0)) / X.std(0)).float(), torch.tensor(y)
torch.manual_seed(args.seed)
model = nn.Sequential(
    nn.Linear(24, 64), nn.ReLU(), nn.Dropout(0.9), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.25)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1800], y[:1800]), batch_size=40, shuffle=True)
for epoch in range(16):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        out = model(X[1800:])
        print(f"epoch {epoch}: val loss {criterion(out, y[1800:]).item():.4f}")
print(f"accuracy {(out.argmax(1) == y[1800:]).float().mean():.4f}")
