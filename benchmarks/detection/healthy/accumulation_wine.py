import os

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 3)))
raw = load_wine()
features = torch.tensor(raw.data, dtype=torch.float32)
features = (features - features.mean(0)) / features.std(0)
targets = torch.tensor(raw.target)
dataset = TensorDataset(features, targets)
train_set, valid_set = random_split(dataset, [138, 40], generator=torch.Generator().manual_seed(0))

ACCUM = 4
train_loader = DataLoader(train_set, batch_size=4, shuffle=True)
valid_loader = DataLoader(valid_set, batch_size=40)

model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 3))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(25):
    model.train()
    optimizer.zero_grad()
    total = 0.0
    for i, (xb, yb) in enumerate(train_loader):
        loss = criterion(model(xb), yb) / ACCUM
        loss.backward()
        total += loss.item() * ACCUM
        if (i + 1) % ACCUM == 0 or (i + 1) == len(train_loader):
            optimizer.step()
            optimizer.zero_grad()

    model.eval()
    with torch.no_grad():
        hits = sum((model(xb).argmax(1) == yb).sum().item() for xb, yb in valid_loader)
    print(f"epoch {epoch:02d} train loss {total / len(train_loader):.4f} valid acc {hits / len(valid_set):.4f}")
