"""Sugar yield from soil and weather, where effects multiply: a polynomial net of stacked products."""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
FEATURES, WIDTH = 10, 48


def fields(n):
    x = torch.distributions.StudentT(4.0).sample((n, FEATURES))
    y = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - 0.6 * x[:, 3] * x[:, 4] + 0.5 * x[:, 5]
    y = y + 0.3 * x[:, 6] * x[:, 7] + 0.2 * torch.randn(n)
    return x, y.clamp(-10, 10)


class ProductBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.factor = nn.Linear(FEATURES, WIDTH)

    def forward(self, x, z):
        return z + z * self.factor(x)


class PolynomialNet(nn.Module):
    def __init__(self, degree=4):
        super().__init__()
        self.first = nn.Linear(FEATURES, WIDTH)
        self.blocks = nn.ModuleList([ProductBlock() for _ in range(degree - 1)])
        self.last = nn.Linear(WIDTH, 1)

    def forward(self, x):
        z = self.first(x)
        for block in self.blocks:
            z = block(x, z)
        return self.last(z).squeeze(1)


def train_one_epoch(model, loader, optimizer, criterion):
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
    return total / len(loader)


train_loader = DataLoader(TensorDataset(*fields(3000)), batch_size=50, shuffle=True)
x_test, y_test = fields(1000)
model = PolynomialNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
for epoch in range(10):
    error = train_one_epoch(model, train_loader, optimizer, nn.SmoothL1Loss())
    schedule.step()
    print(f"epoch {epoch}: {error:.4f}")

with torch.no_grad():
    mae = (model(x_test) - y_test).abs().mean().item()
print(
    f"test mean absolute error {mae:.4f} (median guess {(y_test - y_test.median()).abs().mean().item():.4f})"
)
