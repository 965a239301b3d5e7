import os

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_wine(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.3, random_state=2, stratify=y)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_valid = scaler.transform(X_valid)

train = TensorDataset(torch.tensor(X_train).float(), torch.tensor(y_train))
valid = TensorDataset(torch.tensor(X_valid).float(), torch.tensor(y_valid))
train_loader = DataLoader(train, batch_size=16, shuffle=True)
valid_loader = DataLoader(valid, batch_size=54)

model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3))
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

for epoch in range(40):
    model.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss_fn(model(xb), yb).backward()
        optimizer.step()
    model.eval()
    hits, total = 0, 0.0
    with torch.no_grad():
        for xb, yb in valid_loader:
            out = model(xb)
            total += loss_fn(out, yb).item() * len(yb)
            hits += (out.argmax(1) == yb).sum().item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} valid loss {total / len(valid):.3f} valid accuracy {hits / len(valid):.3f}")
