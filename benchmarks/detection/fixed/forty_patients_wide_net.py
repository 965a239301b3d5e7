import os
import torch
import torch.nn as nn
from sklearn.datasets import load_diabetes

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_diabetes(return_X_y=True)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
X, y = X[perm], y[perm]
X_train, y_train = X[:320], y[:320]
X_val, y_val = X[320:], y[320:]

model = nn.Sequential(nn.Linear(10, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
EPOCHS = 6

for epoch in range(EPOCHS):
    model.train()
    order = torch.randperm(len(X_train))
    for i in range(0, len(order), 12):
        idx = order[i:i + 12]
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(X_val), y_val).item()
    if epoch % 10 == 0:
        print(f"epoch {epoch} train {loss.item():.3f} val {val_loss:.3f}")

print(f"final validation loss {val_loss:.4f}")
