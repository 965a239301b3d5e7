import os
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

data = load_digits()
X = torch.tensor(data.data, dtype=torch.float32) / 8 - 1
y = torch.tensor(data.target)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(1))
X, y = X[perm], y[perm]
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=32, shuffle=True)

activation = nn.ReLU
layers = [nn.Linear(64, 48), activation()]
for _ in range(3):
    layers.extend([nn.Linear(48, 48), activation()])
layers.append(nn.Linear(48, 10))
model = nn.Sequential(*layers)

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

for epoch in range(15):
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    print("test acc:", (model(X[1400:]).argmax(1) == y[1400:]).float().mean().item())
