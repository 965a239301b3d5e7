import os
import time

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

device = "cuda" if torch.cuda.is_available() else "cpu"
torch.manual_seed(int(os.environ.get("SEED", 42)))

d = load_digits()
X = torch.tensor(d.data, dtype=torch.float32).div(16).sub(0.3).div(0.37)
y = torch.tensor(d.target)
g = torch.Generator().manual_seed(0)
perm = torch.randperm(len(X), generator=g)
train_idx, test_idx = perm[:1500], perm[1500:]
loader = DataLoader(TensorDataset(X[train_idx], y[train_idx]), batch_size=64, shuffle=True, drop_last=True)

model = nn.Sequential(
    nn.Linear(64, 256), nn.BatchNorm1d(256), nn.ReLU(inplace=True),
    nn.Linear(256, 128), nn.BatchNorm1d(128), nn.ReLU(inplace=True),
    nn.Linear(128, 10),
).to(device)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
loss_fn = nn.CrossEntropyLoss()

t0 = time.time()
for epoch in range(12):
    model.train()
    for xb, yb in loader:
        xb, yb = xb.to(device), yb.to(device)
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device_type=device, dtype=torch.bfloat16):
            out = model(xb)
            loss = loss_fn(out, yb)
        loss.backward()
        optimizer.step()

    model.eval()
    with torch.no_grad(), torch.autocast(device_type=device, dtype=torch.bfloat16):
        acc = (model(X[test_idx].to(device)).argmax(1).cpu() == y[test_idx]).float().mean().item()
    print(f"[{epoch + 1:2d}] loss={loss.item():.4f} test_acc={acc:.4f}")
