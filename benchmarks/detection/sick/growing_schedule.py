import os
import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))

g = torch.Generator().manual_seed(21)
X = torch.randn(800, 8, generator=g)
W = torch.randn(8, 1, generator=g)
Y = torch.tanh(X @ W) + 0.5 * X[:, :1] + 0.05 * torch.randn(800, 1, generator=g)
train_loader = DataLoader(TensorDataset(X[:640], Y[:640]), batch_size=32, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 1)

    def forward(self, x):
        return self.fc2(torch.tanh(self.fc1(x)))


net = Net()
criterion = nn.MSELoss()
optimizer = optim.SGD(net.parameters(), lr=0.02)
scheduler = optim.lr_scheduler.ExponentialLR(optimizer, gamma=1.15)

for epoch in range(30):
    for inputs, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), targets)
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"epoch {epoch:2d}  loss {loss.item():.4f}")

with torch.no_grad():
    print(f"test loss {criterion(net(X[640:]), Y[640:]).item():.5f}")
