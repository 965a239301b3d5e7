import os

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(100 + seed)

n = 3000
temperature = rng.uniform(2, 37, n)
vacuum = 25 + 1.2 * temperature + rng.normal(0, 7, n)
pressure = rng.normal(1013, 6, n)
humidity = np.clip(rng.normal(73, 14, n) - 0.4 * (temperature - 20), 25, 100)
output = 497 - 1.75 * temperature - 0.3 * (vacuum - 54) + 0.12 * (pressure - 1013)
output += 0.012 * (temperature - 20) ** 2 - 0.12 * (humidity - 73) + rng.normal(0, 3, n)

X = np.column_stack([temperature, vacuum, pressure, humidity])
X_train, X_test, y_train, y_test = train_test_split(X, output, test_size=0.25, random_state=seed)
scaler = StandardScaler()
X_train = torch.tensor(scaler.fit_transform(X_train), dtype=torch.float32)
X_test = torch.tensor(scaler.transform(X_test), dtype=torch.float32)
y_train = torch.tensor(y_train.reshape(-1, 1), dtype=torch.float32)
y_test = torch.tensor(y_test.reshape(-1, 1), dtype=torch.float32)

model = nn.Sequential(
    nn.Linear(4, 32),
    nn.ReLU(),
    nn.Linear(32, 32),
    nn.ReLU(),
    nn.Linear(32, 1),
)
loss_fn = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.001)

n_epochs = 8
batch_size = 32
for epoch in range(n_epochs):
    model.train()
    order = torch.randperm(len(X_train))
    for start in range(0, len(X_train), batch_size):
        idx = order[start : start + batch_size]
        y_pred = model(X_train[idx])
        loss = loss_fn(y_pred, y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}: last batch loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    y_pred = model(X_test)
mae = (y_pred - y_test).abs().mean().item()
print(f"Mean absolute error: {mae:.3f} MW")
