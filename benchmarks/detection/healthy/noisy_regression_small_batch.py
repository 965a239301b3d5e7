import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.default_rng(int(os.environ.get("SEED", 0)))
torch.manual_seed(int(os.environ.get("SEED", 0)))

# measurement noise is larger than the signal, and heavy-tailed
n = 4000
x = rng.uniform(-2, 2, size=(n, 3)).astype("float32")
clean = np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] ** 2 - x[:, 2]
y = clean + rng.standard_t(4, size=n) * 1.2

x_train, y_train = torch.from_numpy(x[:3000]), torch.tensor(y[:3000], dtype=torch.float32)
x_test, clean_test = torch.from_numpy(x[3000:]), torch.tensor(clean[3000:], dtype=torch.float32)
loader = DataLoader(TensorDataset(x_train, y_train), batch_size=8, shuffle=True)

model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()

for epoch in range(8):
    running = []
    for xb, yb in loader:
        pred = model(xb).squeeze(-1)
        loss = loss_fn(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running.append(loss.item())
    print(f"epoch {epoch + 1}: train {np.mean(running):.3f} (min {min(running):.2f}, max {max(running):.2f})")

with torch.no_grad():
    err = ((model(x_test).squeeze(-1) - clean_test) ** 2).mean().item()
print(f"mse to the clean function {err:.4f}, variance {clean_test.var().item():.4f}")
