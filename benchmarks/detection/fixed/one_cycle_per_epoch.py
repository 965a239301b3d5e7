import os

import torch
from sklearn.datasets import make_friedman1
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_friedman1(n_samples=1200, n_features=10, noise=0.5, random_state=3)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
x_tr, y_tr, x_te, y_te = X[:900], y[:900], X[900:], y[900:]

EPOCHS, BATCH = 25, 30
steps_per_epoch = len(x_tr) // BATCH
model = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.002, momentum=0.9)
scheduler = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=0.05, epochs=EPOCHS, steps_per_epoch=steps_per_epoch
)
loss_fn = nn.MSELoss()

for epoch in range(EPOCHS):
    perm = torch.randperm(len(x_tr))
    for i in range(steps_per_epoch):
        idx = perm[i * BATCH:(i + 1) * BATCH]
        optimizer.zero_grad()
        loss = loss_fn(model(x_tr[idx]), y_tr[idx])
        loss.backward()
        optimizer.step()
        scheduler.step()
    print(f"epoch {epoch} lr {scheduler.get_last_lr()[0]:.5f} loss {loss.item():.4f}")

with torch.no_grad():
    print(f"test mse {loss_fn(model(x_te), y_te):.4f}")
