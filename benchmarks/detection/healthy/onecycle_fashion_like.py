"""OneCycle on synthetic texture patches."""
import os

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def patches(n, size=12):
    labels = torch.randint(0, 5, (n,))
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    angle = labels.float() * torch.pi / 5 + 0.15 * torch.randn(n)
    freq = 0.9 + 0.3 * torch.rand(n)
    arg = xx * torch.cos(angle)[:, None, None] + yy * torch.sin(angle)[:, None, None]
    img = torch.sin(arg * freq[:, None, None] + 6.28 * torch.rand(n)[:, None, None])
    return (img + 0.3 * torch.randn_like(img)).unsqueeze(1), labels


train_loader = DataLoader(TensorDataset(*patches(2000)), batch_size=64, shuffle=True)
x_val, y_val = patches(500)


def conv_bn(cin, cout, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


net = nn.Sequential(conv_bn(1, 12), conv_bn(12, 24, 2), conv_bn(24, 24, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 5))
num_epochs = 8
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
scheduler = OneCycleLR(optimizer, max_lr=0.3, epochs=num_epochs, steps_per_epoch=len(train_loader), pct_start=0.3)
criterion = nn.CrossEntropyLoss()

for epoch in range(num_epochs):
    net.train()
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        scheduler.step()
    net.eval()
    with torch.no_grad():
        acc = (net(x_val).argmax(1) == y_val).float().mean().item()
    print(f"Epoch [{epoch + 1}/{num_epochs}] loss: {loss.item():.4f} lr: {scheduler.get_last_lr()[0]:.5f} val acc: {acc:.4f}")
