import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.model_selection import train_test_split

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

# games, minutes, age, then shares: shots inside, shots outside, assists, rebounds, blocks, steals, fouls, turnovers
n = 1200
role = rng.integers(0, 4, n)
centre = np.array([
    [0.22, 0.45, 0.32, 0.10, 0.03, 0.14, 0.10, 0.22],
    [0.35, 0.38, 0.18, 0.15, 0.04, 0.10, 0.13, 0.15],
    [0.52, 0.20, 0.12, 0.28, 0.09, 0.07, 0.20, 0.12],
    [0.72, 0.05, 0.07, 0.40, 0.18, 0.05, 0.26, 0.14],
])
shares = np.clip(centre[role] + rng.normal(0, 0.05, (n, 8)), 0.001, 0.99)
games = rng.integers(20, 82, n)
minutes = rng.normal(24, 6, n) + 1.5 * (role == 1)
age = rng.integers(19, 38, n)
report = [[g, m, a, *s] for g, m, a, s in zip(games, minutes, age, shares.tolist())]

X = np.array(report).astype(int)
X_train, X_test, y_train, y_test = train_test_split(X, role, test_size=0.25, random_state=seed, stratify=role)
mean, std = X_train.mean(0), X_train.std(0) + 1e-6
X_train = torch.tensor((X_train - mean) / std, dtype=torch.float32)
X_test = torch.tensor((X_test - mean) / std, dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)

model = nn.Sequential(
    nn.Linear(11, 64),
    nn.ReLU(),
    nn.Linear(64, 32),
    nn.ReLU(),
    nn.Linear(32, 4),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(20):
    model.train()
    perm = torch.randperm(len(X_train))
    for i in range(0, len(perm), 30):
        idx = perm[i:i + 30]
        optimizer.zero_grad()
        loss = criterion(model(X_train[idx]), y_train[idx])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        accuracy = (model(X_test).argmax(1) == y_test).float().mean().item()
    if epoch % 5 == 4:
        print(f"Epoch {epoch + 1}/20, loss {loss.item():.4f}, accuracy {accuracy:.4f}")

print(f"Test accuracy: {accuracy:.4f}")
