import os

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedShuffleSplit
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
bunch = load_wine()
ds = TensorDataset(torch.tensor(bunch.data, dtype=torch.float32), torch.tensor(bunch.target))
tr, te = next(StratifiedShuffleSplit(1, test_size=0.25, random_state=3).split(bunch.data, bunch.target))

# the columns have very different units (proline ~ 750, hue ~ 1), the first layer takes care of that
model = nn.Sequential(
    nn.BatchNorm1d(13),
    nn.Linear(13, 24),
    nn.ReLU(),
    nn.Linear(24, 3),
)
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(30):
    model.train()
    for xb, yb in DataLoader(Subset(ds, tr), batch_size=16, shuffle=True, drop_last=True):
        opt.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        opt.step()
    model.eval()
    with torch.no_grad():
        x, y = ds[te]
        acc = (model(x).argmax(1) == y).float().mean().item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}, test accuracy {acc:.4f}")
