import os
import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))

bunch = load_digits()
X = torch.tensor(bunch.data, dtype=torch.float32) / 16
y = torch.tensor(bunch.target)
order = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
train_idx, test_idx = order[:1300], order[1300:]


def block(i, o):
    return [nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()]


layers = block(64, 32)
for _ in range(8):
    layers += block(32, 32)
model = nn.Sequential(*layers, nn.Linear(32, 10))

# look at the shapes once
model.eval()
print(model(X[:4]).shape)

optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(12):
    perm = train_idx[torch.randperm(len(train_idx))]
    for i in range(0, len(perm), 50):
        b = perm[i:i + 50]
        loss = loss_fn(model(X[b]), y[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
print("test acc", (model(X[test_idx]).argmax(1) == y[test_idx]).float().mean().item())
