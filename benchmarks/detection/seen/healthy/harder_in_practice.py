"""Digits are trained blotched, shifted and speckled, and tested clean."""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()
torch.manual_seed(args.seed)

digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8.0 - 1.0
labels = torch.tensor(digits.target)
order = torch.randperm(len(labels))
train, test = order[:1300], order[1300:]


def roughen(batch):
    """Blots out a square, moves the picture by a pixel and flips some pixels on."""
    top, left = torch.randint(0, 7, (2, len(batch), 1, 1, 1))
    place = torch.arange(8)
    row, column = place.view(8, 1), place.view(1, 8)
    blot = (row >= top) & (row < top + 2) & (column >= left) & (column < left + 2)
    out = torch.where(blot, -torch.ones_like(batch), batch)
    shift = (torch.randint(-1, 2, (2,)) * (torch.rand(()) < 0.5)).tolist()
    out = torch.roll(out, shift, dims=(2, 3))
    speckle = torch.rand_like(out) < 0.04
    return torch.where(speckle, torch.ones_like(out), out) + 0.2 * torch.randn_like(out)


net = nn.Sequential(
    nn.Conv2d(1, 24, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(24, 32, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Dropout(0.1),
    nn.Linear(32 * 16, 10),
)
optimizer = torch.optim.NAdam(net.parameters(), lr=2e-3)
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)

for epoch in range(args.epochs):
    net.train()
    hits = 0
    for rows in train[torch.randperm(len(train))].split(40):
        scores = net(roughen(images[rows]))
        loss = criterion(scores, labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hits += (scores.argmax(1) == labels[rows]).sum().item()
    if epoch % 4 == 3:
        net.eval()
        with torch.no_grad():
            clean = (net(images[test]).argmax(1) == labels[test]).float().mean().item()
        print(f"epoch {epoch + 1}: rough training {hits / len(train):.3f}, clean test {clean:.3f}")
