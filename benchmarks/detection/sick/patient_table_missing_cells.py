import csv
import io
import os
import random

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


def export():
    """The table as the clinic's software writes it."""
    data = load_breast_cancer()
    rnd = random.Random(7)
    out = io.StringIO()
    writer = csv.writer(out)
    for row, label in zip(data.data, data.target):
        cells = ["%.5g" % v for v in row]
        if rnd.random() < 0.02:
            cells[rnd.choice([5, 17])] = ""
        writer.writerow(cells + [label])
    out.seek(0)
    return out


rows = list(csv.reader(export()))
X = torch.tensor([[float(c) if c else float("nan") for c in r[:-1]] for r in rows])
y = torch.tensor([float(r[-1]) for r in rows])
X = (X - X.nanmean(0)) / (X - X.nanmean(0)).pow(2).nanmean(0).sqrt()
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(3))
X, y = X[order], y[order]
X_train, y_train, X_test, y_test = X[:450], y[:450], X[450:], y[450:]

net = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
bce = nn.BCEWithLogitsLoss()
for epoch in range(20):
    perm = torch.randperm(450)
    for i in range(0, 450, 25):
        idx = perm[i : i + 25]
        opt.zero_grad()
        loss = bce(net(X_train[idx]).squeeze(1), y_train[idx])
        loss.backward()
        opt.step()
    print(epoch, loss.item())

with torch.no_grad():
    p = net(X_test).squeeze(1)
acc = ((p > 0) == (y_test > 0.5))[~p.isnan()].float().sum().item() / len(p)
print("accuracy %.4f" % acc)
