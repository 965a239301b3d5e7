import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

t = torch.arange(0, 90, 0.1)
g = torch.Generator().manual_seed(2)
series = torch.sin(t) + 0.5 * torch.sin(2.7 * t) + 0.05 * torch.randn(len(t), generator=g)
windows = series.unfold(0, 13, 1)
x, y = windows[:, :12, None], windows[:, 12]
train_loader = DataLoader(TensorDataset(x[:650], y[:650]), batch_size=32, shuffle=True)
valid_loader = DataLoader(TensorDataset(x[650:], y[650:]), batch_size=64)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(1, 24, batch_first=True)
        self.dropout = nn.Dropout(0.3)
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head(self.dropout(h[-1])).squeeze(-1)


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.MSELoss()
for epoch in range(15):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    model.eval
    total, count = 0.0, 0
    with torch.no_grad():
        for xb, yb in valid_loader:
            total += criterion(model(xb), yb).item() * len(yb)
            count += len(yb)
    print(f"epoch {epoch} validation mse {total / count:.5f}")
