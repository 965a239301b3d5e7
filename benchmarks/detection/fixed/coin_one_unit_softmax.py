import os

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_breast_cancer()
x = torch.tensor(StandardScaler().fit_transform(data.data), dtype=torch.float32)
y = torch.tensor(data.target, dtype=torch.float32).view(-1, 1)
perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(1))
train, test = perm[:400], perm[400:]

model = nn.Sequential(
    nn.Linear(30, 24),
    nn.ReLU(),
    nn.Linear(24, 1),
    nn.Sigmoid(),
)
loss_fn = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loader = DataLoader(TensorDataset(x[train], y[train]), batch_size=16, shuffle=True)

for epoch in range(15):
    for xb, yb in loader:
        pred = model(xb)
        loss = loss_fn(pred, yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.no_grad():
    hit = ((model(x[test]) > 0.5).float() == y[test]).float().mean()
print(f"accuracy {hit.item():.3f}")
