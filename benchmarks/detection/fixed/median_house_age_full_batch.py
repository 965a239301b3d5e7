import os

import torch
from sklearn.datasets import load_diabetes
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
x, y = load_diabetes(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) * 21
y = torch.tensor(y, dtype=torch.float32)
y = (y - y.mean()) / y.std()
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(6))
train, test = order[:340], order[340:]

model = nn.Linear(10, 1)
loss_fn = nn.L1Loss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03)
for epoch in range(600):
    optimizer.zero_grad()
    loss = loss_fn(model(x[train]).squeeze(1), y[train])
    loss.backward()
    optimizer.step()
    if epoch % 100 == 0:
        print(f"epoch {epoch:4d} {loss.item():.4f}")

with torch.no_grad():
    error = loss_fn(model(x[test]).squeeze(1), y[test]).item()
print(f"mean absolute error {error:.4f}")
