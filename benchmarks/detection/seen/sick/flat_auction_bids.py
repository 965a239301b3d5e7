import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

# flats sold at auction: floor area, rooms, storey, age, distance to the tram, balcony
n = 1500
area = rng.gamma(9.0, 8.0, n) + 18
rooms = np.clip(np.round(area / 24 + rng.standard_normal(n) * 0.6), 1, 7)
storey = rng.integers(0, 9, n)
age = rng.uniform(0, 110, n)
tram = rng.exponential(600, n)
balcony = rng.random(n) < 0.5
price = 3400 * area * np.exp(-tram / 2500) * (1 - 0.25 * np.sin(np.pi * age / 110))
price = price + 9000 * balcony + 4000 * storey + 12000 * rng.standard_normal(n)

X = np.column_stack([area, rooms, storey, age, tram, balcony])
y = price.reshape(-1, 1)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed)

scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.transform(X_test)

X_train = torch.tensor(X_train, dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)

model = nn.Sequential(
    nn.Linear(6, 64),
    nn.ReLU(),
    nn.Linear(64, 32),
    nn.ReLU(),
    nn.Linear(32, 1),
)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)

for epoch in range(20):
    order = torch.randperm(len(X_train))
    total = 0.0
    for start in range(0, len(order), 32):
        idx = order[start : start + 32]
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch}: train mse {total / len(X_train):.4g}")

with torch.no_grad():
    predicted = model(X_test).numpy()
print("first bids:", predicted[:4].ravel().round(1), "paid:", y_test[:4].ravel().round(1))
print(f"test R2: {r2_score(y_test, predicted):.4f}")
