import logging
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
logger = logging.getLogger("segment")
torch.manual_seed(int(os.environ.get("SEED", 0)))


def scenes(n, size=16):
    grid = torch.arange(size, dtype=torch.float32)
    rows, cols = grid[None, :, None], grid[None, None, :]
    mask = torch.zeros(n, size, size, dtype=torch.bool)
    for _ in range(2):
        cy, cx = torch.rand(2, n, 1, 1) * (size - 4) + 2
        radius = torch.rand(n, 1, 1) * 2 + 1.5
        mask |= (rows - cy) ** 2 + (cols - cx) ** 2 < radius**2
    image = 0.8 * mask.float() + 0.3 * torch.sin(rows / 2) + 0.7 * torch.randn(n, size, size)
    return image[:, None], mask.float()[:, None]


class Segmenter(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.enc = nn.Conv2d(1, c, 3, padding=1)
        self.mid = nn.Conv2d(c, 2 * c, 3, padding=1, stride=2)
        self.wide = nn.Conv2d(2 * c, 2 * c, 3, padding=2, dilation=2)
        self.dec = nn.Conv2d(3 * c, c, 3, padding=1)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        skip = F.relu(self.enc(x))
        low = F.relu(self.wide(F.relu(self.mid(skip))))
        up = F.interpolate(low, scale_factor=2, mode="nearest")
        return self.out(F.relu(self.dec(torch.cat([skip, up], 1))))


def iou(logits, target):
    predicted = logits > 0
    both = (predicted & (target > 0.5)).sum().float()
    return (both / (predicted | (target > 0.5)).sum().clamp(min=1)).item()


model = Segmenter()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.1)
criterion = nn.BCEWithLogitsLoss()
loader = DataLoader(TensorDataset(*scenes(480)), batch_size=16, shuffle=True)
test_image, test_mask = scenes(200)
for epoch in range(7):
    model.train()
    for image, mask in loader:
        loss = criterion(model(image), mask)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    model.eval()
    with torch.no_grad():
        score = iou(model(test_image), test_mask)
    logger.info("epoch %d loss %.4f iou %.4f", epoch + 1, loss.item(), score)
print(f"final iou {score:.4f}")
