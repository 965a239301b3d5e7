"""Segment stained cells in small microscope tiles."""
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))


def draw_tiles(n, size=20, seed=8):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0:size, 0:size]
    images = np.zeros((n, size, size), dtype=np.uint8)
    masks = np.zeros((n, size, size), dtype=np.uint8)
    for i in range(n):
        canvas = 90 + 25 * rng.normal() + 20 * rng.normal() * (xx / size - 0.5)
        canvas = np.broadcast_to(canvas, (size, size)).copy()
        for _ in range(rng.integers(1, 4)):
            cy, cx = rng.uniform(3, size - 3, 2)
            ry, rx = rng.uniform(2.5, 5.0, 2)
            inside = ((yy - cy) / ry) ** 2 + ((xx - cx) / rx) ** 2 < 1
            canvas[inside] += rng.uniform(30, 60)
            masks[i][inside] = 255
        images[i] = np.clip(canvas + rng.normal(0, 22, canvas.shape), 0, 255)
    return images, masks


class Tiles(Dataset):
    def __init__(self, images, masks):
        self.images = images
        self.masks = masks

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = torch.from_numpy(self.images[i]).float().unsqueeze(0)
        mask = torch.from_numpy(self.masks[i]).float().unsqueeze(0)
        return (image - 100) / 40, mask / 255


class Segmenter(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.enter = nn.Sequential(nn.Conv2d(1, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1), nn.ReLU())
        self.low = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(c, 2 * c, 3, padding=1), nn.ReLU(),
                                 nn.Conv2d(2 * c, 2 * c, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.leave = nn.Sequential(nn.Conv2d(2 * c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, 1, 1))

    def forward(self, x):
        a = self.enter(x)
        return self.leave(torch.cat([a, self.up(self.low(a))], dim=1))


images, masks = draw_tiles(500)
train_loader = DataLoader(Tiles(images[:400], masks[:400]), batch_size=16, shuffle=True)
test_loader = DataLoader(Tiles(images[400:500], masks[400:500]), batch_size=50)

net = Segmenter()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
bce = nn.BCEWithLogitsLoss()

for epoch in range(9):
    net.train()
    for image, mask in train_loader:
        loss = bce(net(image), mask)
        opt.zero_grad()
        loss.backward()
        opt.step()

net.eval()
hit = union = 0
with torch.no_grad():
    for image, mask in test_loader:
        found, true = net(image) > 0, mask > 0
        hit += (found & true).sum().item()
        union += (found | true).sum().item()
print(f"IoU {hit / union:.4f}")
