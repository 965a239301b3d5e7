"""Half-life of beer foam from six brewing readings; few brews, so every row counts."""
import copy
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def brew(n):
    x = torch.rand(n, 6) * 2 - 1
    y = torch.sin(2.5 * x[:, 0]) + x[:, 1] * x[:, 2] * 1.5 + 0.8 * x[:, 3].abs() - 0.5 * x[:, 4]
    return x, (y + 0.7 * torch.randn(n)).unsqueeze(1)


x_train, y_train = brew(240)
x_val, y_val = brew(300)
x_test, y_test = brew(1000)

model = nn.Sequential(
    nn.Linear(6, 200), nn.ReLU(),
    nn.Linear(200, 200), nn.ReLU(),
    nn.Linear(200, 1),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
mse = nn.MSELoss()
best, best_epoch, kept = float("inf"), 0, None

for epoch in range(130):
    model.train()
    train_loss = 0.0
    for rows in torch.randperm(240).split(40):
        optimizer.zero_grad()
        loss = mse(model(x_train[rows]), y_train[rows])
        loss.backward()
        optimizer.step()
        train_loss += loss.item() / 6
    model.eval()
    with torch.no_grad():
        val_loss = mse(model(x_val), y_val).item()
    if epoch % 10 == 0:
        print(f"[{epoch:03d}] train {train_loss:.3f}  val {val_loss:.3f}")
    if val_loss < best:
        best, best_epoch, kept = val_loss, epoch, copy.deepcopy(model.state_dict())
    elif epoch - best_epoch == 8:
        model.load_state_dict(kept)
        break

model.eval()
with torch.no_grad():
    r2 = 1 - mse(model(x_test), y_test) / y_test.var(unbiased=False)
print(f"test R2 {r2.item():.4f}")
