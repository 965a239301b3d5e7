import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

seed = int(os.environ.get("SEED", 0))
rng = np.random.default_rng(seed)
torch.manual_seed(seed)


def scenes(n, size=16):
    yy, xx = np.mgrid[:size, :size]
    masks = np.zeros((n, 1, size, size), np.float32)
    for m in masks:
        for _ in range(rng.integers(1, 3)):
            cy, cx, r = rng.uniform(3, 13), rng.uniform(3, 13), rng.uniform(1.5, 3.5)
            m[0][(yy - cy) ** 2 + (xx - cx) ** 2 < r * r] = 1
    images = masks * 0.7 + rng.normal(0, 0.5, masks.shape).astype(np.float32)
    return torch.from_numpy(images.astype(np.float32)), torch.from_numpy(masks)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(4, o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.GroupNorm(4, o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = block(1, 8), block(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.merge = block(16, 8)
        self.last = nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.last(self.merge(torch.cat([a, self.up(b)], 1)))


def dice_loss(logits, target, smooth=1.0):
    p = torch.sigmoid(logits)
    inter = (p * target).sum(dim=(1, 2, 3))
    return (1 - (2 * inter + smooth) / (p.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3)) + smooth)).mean()


train_loader = DataLoader(TensorDataset(*scenes(600)), batch_size=20, shuffle=True)
x_val, y_val = scenes(150)
model = UNet()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(6):
    model.train()
    for x, y in train_loader:
        logits = model(x)
        loss = dice_loss(logits, y) + F.binary_cross_entropy_with_logits(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        pred = (model(x_val) > 0).float()
        iou = ((pred * y_val).sum() / ((pred + y_val) > 0).float().sum()).item()
    print(f"epoch {epoch} loss {loss.item():.4f} IoU {iou:.4f}")
