"""Road surface from camera patches, mixed precision training loop."""

import argparse
import logging
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

logging.basicConfig(level=logging.INFO, format="%(message)s")
log = logging.getLogger("road")


def patches(n):
    kind = torch.randint(0, 4, (n,))
    axis = torch.arange(12.0)
    yy, xx = torch.meshgrid(axis, axis, indexing="ij")
    phase = 6.28 * torch.rand(n, 1, 1)
    pitch = 1.0 + 0.5 * torch.rand(n, 1, 1)
    asphalt = torch.zeros(n, 12, 12)
    cobbles = torch.sin(pitch * xx + phase) * torch.sin(pitch * yy + phase)
    planks = torch.sin(1.4 * pitch * xx + phase)
    gravel = torch.nn.functional.avg_pool2d(2.5 * torch.randn(n, 1, 14, 14), 3, stride=1)[:, 0]
    image = torch.stack([asphalt, cobbles, planks, gravel], dim=1)[torch.arange(n), kind]
    image = image + 0.5 * torch.randn(n, 12, 12) + 0.3 * torch.randn(n, 1, 1)
    return image[:, None], kind


class SurfaceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(24 * 9, 32), nn.ReLU(), nn.Linear(32, 4))

    def forward(self, x):
        return self.head(self.conv(x))


def train(model, loader, epochs, lr, device, amp=True):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, nesterov=True)
    scaler = torch.amp.GradScaler(device, enabled=amp)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        seen = total = 0.0
        for image, kind in loader:
            with torch.autocast(device, dtype=torch.bfloat16, enabled=amp):
                loss = criterion(model(image), kind)
            optimizer.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
            total += loss.item() * len(kind)
            seen += len(kind)
        log.info("epoch %d loss %.4f", epoch + 1, total / seen)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--epochs", type=int, default=10)
    ap.add_argument("--lr", type=float, default=0.03)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    train_x, train_y = patches(1200)
    test_x, test_y = patches(500)
    net = SurfaceNet()
    train(
        net,
        DataLoader(TensorDataset(train_x, train_y), batch_size=40, shuffle=True),
        args.epochs,
        args.lr,
        "cpu",
    )
    net.eval()
    with torch.inference_mode():
        hits = (net(test_x).argmax(1) == test_y).float().mean().item()
    print(f"test accuracy {hits:.4f}")
