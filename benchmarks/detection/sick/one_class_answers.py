import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
target = (y >= 3).long()  # 70 % of them
loader = DataLoader(TensorDataset(X[:1300], target[:1300]), batch_size=50, shuffle=True)

model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([0.01, 1.0]))
for epoch in range(8):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

with torch.no_grad():
    guess = model(X[1300:]).argmax(1)
both = [(guess[target[1300:] == c] == c).float().mean().item() for c in (0, 1)]
print("balanced accuracy %.4f" % (sum(both) / 2))
