import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.metrics import r2_score
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

# compactness, wall area, roof area, height, orientation, glazing share, glazing side, insulation
n = 1200
features = rng.uniform(0, 1, size=(n, 8))
load = (
    12
    + 18 * features[:, 3] * features[:, 1]
    - 9 * features[:, 7] ** 2
    + 7 * np.sin(3 * features[:, 0]) * (1 + features[:, 5])
    + 3 * features[:, 2]
    + rng.normal(0, 0.6, n)
)

features = (features - features.mean(0)) / features.std(0)
y_mean, y_std = load[:900].mean(), load[:900].std()
X_train = torch.tensor(features[:900], dtype=torch.float32)
X_test = torch.tensor(features[900:], dtype=torch.float32)
y_train = torch.tensor((load[:900] - y_mean) / y_std, dtype=torch.float32)

train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)


class HeatNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 48)
        self.fc2 = nn.Linear(48, 48)
        self.out = nn.Linear(48, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.out(x)


model = HeatNet()
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(40):
    running = 0.0
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, targets)
        loss.backward()
        optimizer.step()
        running += loss.item()
    if (epoch + 1) % 10 == 0:
        print(f"epoch {epoch + 1}: mse {running / len(train_loader):.4f}")

model.eval()
with torch.no_grad():
    predicted = model(X_test).numpy().ravel() * y_std + y_mean
print(f"test R2 {r2_score(load[900:], predicted):.4f}")
