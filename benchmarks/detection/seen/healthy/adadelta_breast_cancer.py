import os

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_breast_cancer()
x = torch.tensor(data.data, dtype=torch.float32).log1p()
x = (x - x.mean(0)) / x.std(0)
y = torch.tensor(data.target, dtype=torch.float32)
order = torch.randperm(569, generator=torch.Generator().manual_seed(4))
x, y = x[order], y[order]
net = nn.Sequential(nn.Linear(30, 24), nn.Softsign(), nn.Linear(24, 12), nn.Softsign(), nn.Linear(12, 1))
optimizer = torch.optim.Adadelta(net.parameters(), lr=1.0, rho=0.95, weight_decay=1e-3)
hinge = nn.SoftMarginLoss()
sign = 2 * y - 1
for epoch in range(1, 26):
    for rows in torch.randperm(420).split(30):
        loss = hinge(net(x[rows]).squeeze(1), sign[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        with torch.no_grad():
            accuracy = ((net(x[420:]).squeeze(1) > 0) == (y[420:] > 0.5)).float().mean().item()
        print(f"epoch {epoch} loss {loss.item():.4f} accuracy {accuracy:.4f}")
