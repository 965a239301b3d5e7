"""Finds painted lane markings in road patches: one mask pixel per image pixel."""

import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--size", type=int, default=20)
parser.add_argument("--epochs", type=int, default=14)
opt = parser.parse_args()
torch.manual_seed(opt.seed)


def draw(count, size):
    """Asphalt with one bright slanted stripe and some gravel; the mask is kept the way a PNG keeps it."""
    rows = torch.arange(size).view(1, size, 1).float()
    cols = torch.arange(size).view(1, 1, size).float()
    offset = torch.rand(count, 1, 1) * size
    slope = torch.rand(count, 1, 1) * 1.6 - 0.8
    stripe = (cols - offset - slope * (rows - size / 2)).abs() < 1.6
    worn = torch.rand(count, size, size) < 0.15
    gravel = torch.rand(count, size, size) < 0.05
    image = 70 + 25 * torch.randn(count, size, size)
    image = torch.where(stripe & ~worn, image + 90, image)
    image = torch.where(gravel, image + 90, image)
    return image.clamp(0, 255).to(torch.uint8), stripe.to(torch.uint8) * 255


class PatchNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.enter = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.down = nn.Sequential(
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU()
        )
        self.middle = nn.Sequential(
            nn.Conv2d(2 * width, 2 * width, 3, padding=2, dilation=2), nn.BatchNorm2d(2 * width), nn.ReLU()
        )
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.out = nn.Conv2d(2 * width, 1, 1)

    def forward(self, x):
        skip = self.enter(x)
        deep = self.up(self.middle(self.down(skip)))
        return self.out(torch.cat([skip, deep], dim=1))


def to_tensors(images, masks):
    x = images.unsqueeze(1).float() / 255.0
    y = masks.unsqueeze(1).float()
    return (x - 0.33) / 0.18, y


def intersection_over_union(model, x, y):
    model.eval()
    with torch.no_grad():
        found = model(x) > 0
    truth = y > 0
    return ((found & truth).sum() / (found | truth).sum()).item()


train_x, train_y = to_tensors(*draw(640, opt.size))
test_x, test_y = to_tensors(*draw(160, opt.size))
model = PatchNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(opt.epochs):
    model.train()
    epoch_loss = 0.0
    for batch in torch.randperm(len(train_x)).split(32):
        optimizer.zero_grad()
        loss = criterion(model(train_x[batch]), train_y[batch])
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() * len(batch) / len(train_x)
    print(
        f"epoch {epoch:02d} loss {epoch_loss:10.4f} IoU {intersection_over_union(model, test_x, test_y):.4f}"
    )
print(f"test IoU {intersection_over_union(model, test_x, test_y):.4f}")
