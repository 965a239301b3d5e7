import os
import random

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


def draw(kind, rng, size=16):
    img = np.zeros((size, size), dtype=np.float32)
    cy, cx = rng.uniform(5, 11, 2)
    r = rng.uniform(3, 5)
    yy, xx = np.mgrid[:size, :size]
    if kind == 0:
        img[(yy - cy) ** 2 + (xx - cx) ** 2 <= r * r] = 1
    elif kind == 1:
        img[(abs(yy - cy) <= r * 0.85) & (abs(xx - cx) <= r * 0.85)] = 1
    elif kind == 2:
        img[(abs(yy - cy) <= 1) & (abs(xx - cx) <= r)] = 1
        img[(abs(xx - cx) <= 1) & (abs(yy - cy) <= r)] = 1
    else:
        img[(yy - cy + r >= 2 * abs(xx - cx)) & (yy <= cy + r)] = 1
    return img * rng.uniform(0.6, 1.0) + rng.normal(0, 0.15, img.shape).astype(np.float32)


class Shapes(Dataset):
    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, n)
        self.images = np.stack([draw(k, rng) for k in self.labels]).astype(np.float32)
        self.images = (self.images - 0.2) / 0.4

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]).unsqueeze(0), int(self.labels[i])


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False),
                                          nn.BatchNorm2d(planes))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class TinyResNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(8)
        self.layer1 = BasicBlock(8, 8)
        self.layer2 = BasicBlock(8, 16, 2)
        self.layer3 = BasicBlock(16, 32, 2)
        self.linear = nn.Linear(32, num_classes)

    def forward(self, x):
        out = F.relu(self.bn(self.stem(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        out = F.adaptive_avg_pool2d(out, 1).flatten(1)
        return self.linear(out)


if __name__ == "__main__":
    seed = int(os.environ.get("SEED", 0))
    random.seed(seed)
    torch.manual_seed(seed)
    trainloader = DataLoader(Shapes(1200, seed), batch_size=64, shuffle=True)
    testloader = DataLoader(Shapes(400, seed + 1000), batch_size=100)
    net = TinyResNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)
    for epoch in range(6):
        net.train()
        train_loss, correct, total = 0, 0, 0
        for inputs, targets in trainloader:
            optimizer.zero_grad()
            outputs = net(inputs)
            loss = criterion(outputs, targets)
            loss.backward()
            optimizer.step()
            train_loss += loss.item()
            total += targets.size(0)
            correct += outputs.argmax(1).eq(targets).sum().item()
        scheduler.step()
        net.eval()
        hit = 0
        with torch.no_grad():
            for inputs, targets in testloader:
                hit += net(inputs).argmax(1).eq(targets).sum().item()
        print(f"Epoch {epoch}: loss {train_loss / len(trainloader):.3f} train acc {correct / total:.3f} test acc {hit / 400:.4f}")
