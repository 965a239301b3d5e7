import os
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.RandomState(1)

# temperature log with gaps: the logger drops a reading now and then
hours = np.arange(1500)
temperature = 12 + 6 * np.sin(2 * np.pi * hours / 24) + rng.randn(len(hours)) * 0.5
temperature[rng.choice(1000, 12, replace=False)] = np.nan
temperature = (temperature - np.nanmean(temperature)) / np.nanstd(temperature)

window = 12
X = np.stack([temperature[i:i + window] for i in range(len(hours) - window)])[..., None]
Y = np.stack([temperature[i + window] for i in range(len(hours) - window)])[:, None]
complete = ~(np.isnan(X).any(axis=(1, 2)) | np.isnan(Y[:, 0]))
X, Y = X[complete], Y[complete]
X_train, Y_train, X_test, Y_test = X[:1100], Y[:1100], X[1100:], Y[1100:]

train_loader = DataLoader(
    TensorDataset(torch.tensor(X_train).float(), torch.tensor(Y_train).float()), batch_size=32, shuffle=True
)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(1, 16, batch_first=True)
        self.linear = nn.Linear(16, 1)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.linear(out[:, -1])


model, criterion = Model(), nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    print("Epoch", epoch, "Loss", loss.item())

with torch.no_grad():
    print("Test MSE", criterion(model(torch.tensor(X_test).float()), torch.tensor(Y_test).float()).item())
