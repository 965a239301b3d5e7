import argparse
import os

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

STAGES = ["green", "turning", "ripe", "overripe"]
SKIN = np.array([[70, 150, 60], [150, 150, 60], [200, 70, 50], [110, 50, 40]], dtype="float32")


def photograph(rng, stage):
    yy, xx = np.mgrid[0:20, 0:20]
    radius = rng.uniform(5, 8)
    inside = (yy - rng.uniform(8, 12)) ** 2 + (xx - rng.uniform(8, 12)) ** 2 < radius**2
    light = rng.uniform(0.75, 1.15)
    backdrop = np.array([205, 190, 120], dtype="float32") + rng.normal(0, 10, 3)
    picture = np.where(inside[..., None], SKIN[stage] + rng.normal(0, 22, 3), backdrop) * light
    picture = picture + rng.normal(0, 12, (20, 20, 3))
    return picture.clip(0, 255).astype("uint8")


def to_bgr(picture):
    return picture[:, :, ::-1]


class Crates(Dataset):
    mean = torch.tensor([0.70, 0.64, 0.40]).view(3, 1, 1)
    std = torch.tensor([0.18, 0.18, 0.14]).view(3, 1, 1)

    def __init__(self, rng, count):
        self.stage = rng.integers(0, 4, count)
        self.frames = [to_bgr(photograph(rng, s)) for s in self.stage]

    def __len__(self):
        return len(self.stage)

    def __getitem__(self, i):
        rgb = self.frames[i][:, :, ::-1].copy()
        image = torch.from_numpy(rgb).permute(2, 0, 1).float() / 255
        return (image - self.mean) / self.std, int(self.stage[i])


class InspectionCrates(Crates):
    def __getitem__(self, i):
        frame = self.frames[i].copy()
        image = torch.from_numpy(frame).permute(2, 0, 1).float() / 255
        return (image - self.mean) / self.std, int(self.stage[i])


def build():
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(12, 24, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
        nn.Linear(96, len(STAGES)),
    )


def evaluate(net, loader):
    net.eval()
    right = count = 0
    with torch.no_grad():
        for images, stages in loader:
            right += (net(images).argmax(1) == stages).sum().item()
            count += len(stages)
    return right / count


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    train = DataLoader(Crates(rng, 1000), batch_size=32, shuffle=True)
    inspection = DataLoader(InspectionCrates(rng, 400), batch_size=100)
    net = build()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    for epoch in range(9):
        net.train()
        total = 0.0
        for images, stages in train:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images), stages)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(train):.4f} inspection {evaluate(net, inspection):.4f}")
    print(f"ripeness accuracy {evaluate(net, inspection):.4f}")


if __name__ == "__main__":
    main()
