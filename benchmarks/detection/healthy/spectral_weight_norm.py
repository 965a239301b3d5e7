import os

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_classification(2500, n_features=20, n_informative=8, n_classes=3, class_sep=1.5, random_state=4)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)

net = nn.Sequential(
    spectral_norm(nn.Linear(20, 64)), nn.ReLU(),
    weight_norm(nn.Linear(64, 64)), nn.ReLU(),
    weight_norm(nn.Linear(64, 3)),
)
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
loader = DataLoader(TensorDataset(X[:2000], y[:2000]), batch_size=50, shuffle=True)
for epoch in range(15):
    net.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(X[2000:]).argmax(1) == y[2000:]).float().mean().item()
    print(f"epoch {epoch}: loss {total / len(loader):.4f} acc {acc:.4f}")
