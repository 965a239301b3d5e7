import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)

SITES = ["gut", "skin", "tongue", "nostril"]
TAXA = 60
profiles = np.random.default_rng(77).dirichlet(np.full(TAXA, 0.7), len(SITES))

site = rng.integers(0, len(SITES), 1600)
counts = np.stack(
    [rng.multinomial(rng.integers(300, 5000), rng.dirichlet(25 * profiles[s] + 0.02)) for s in site]
)

abundance = np.zeros_like(counts)
for row, sample in enumerate(counts):
    abundance[row] = sample / sample.sum()

X = torch.tensor(abundance * TAXA, dtype=torch.float32)
y = torch.tensor(site)
train_set = TensorDataset(X[:1200], y[:1200])
test_X, test_y = X[1200:], y[1200:]
loader = DataLoader(train_set, batch_size=50, shuffle=True)


class SiteClassifier(nn.Module):
    def __init__(self, taxa, sites):
        super().__init__()
        self.fc1 = nn.Linear(taxa, 48)
        self.fc2 = nn.Linear(48, 24)
        self.fc3 = nn.Linear(24, sites)
        self.act = nn.GELU()

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        return self.fc3(x)


net = SiteClassifier(TAXA, len(SITES))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(1, 11):
    net.train()
    total = 0.0
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        acc = (net(test_X).argmax(dim=1) == test_y).float().mean().item()
    print(f"epoch {epoch:2d}: loss {total / len(loader):.4f}, test {acc:.4f}")
print(f"site accuracy: {acc:.4f}")
