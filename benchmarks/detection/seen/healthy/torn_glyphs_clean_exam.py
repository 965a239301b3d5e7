"""Trains on torn, tilted and faded glyphs, is examined on clean ones: training looks worse than the exam."""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
kinds = torch.tensor(digits.target)
mix = torch.randperm(len(images))
images, kinds = images[mix], kinds[mix]


class Glyphs(Dataset):
    def __init__(self, images, kinds, damage):
        self.images, self.kinds, self.damage = images, kinds, damage

    def __len__(self):
        return len(self.kinds)

    def __getitem__(self, i):
        image = self.images[i]
        if self.damage:
            image = (image + 1) * (0.6 + 0.4 * torch.rand(1)) - 1 + 0.2 * torch.randn(1)
            image = torch.roll(image, int(torch.randint(-1, 2, (1,))), dims=2).clone()
            top, left = torch.randint(0, 7, (2,)).tolist()
            image[:, top : top + 2, left : left + 2] = torch.rand(1) * 2 - 1
            image = image + 0.15 * torch.randn_like(image)
        return image, self.kinds[i]


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 32, 3, padding=1)
        self.drop = nn.Dropout(0.1)
        self.out = nn.Linear(32 * 4, 10)

    def forward(self, x):
        x = F.max_pool2d(F.leaky_relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.leaky_relu(self.conv2(x)), 2)
        return self.out(self.drop(x.flatten(1)))


train = DataLoader(Glyphs(images[:1200], kinds[:1200], damage=True), batch_size=40, shuffle=True)
exam = DataLoader(Glyphs(images[1200:], kinds[1200:], damage=False), batch_size=200)
net = Reader()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for epoch in range(12):
    net.train()
    right = 0
    for x, y in train:
        logits = net(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right += (logits.argmax(1) == y).sum().item()
    net.eval()
    with torch.no_grad():
        passed = sum((net(x).argmax(1) == y).sum().item() for x, y in exam)
    print(f"epoch {epoch + 1}: torn {right / 1200:.3f}, clean exam {passed / (len(images) - 1200):.3f}")
