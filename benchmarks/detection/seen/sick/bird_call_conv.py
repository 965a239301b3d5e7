"""Tell five bird species apart by their calls (synthetic chirps, 128 samples each)."""
import argparse
import math
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=14)
parser.add_argument("--batch-size", type=int, default=40)
parser.add_argument("--lr", type=float, default=0.05)
args = parser.parse_args()
torch.manual_seed(args.seed)


def record(n):
    t = torch.linspace(0, 1, 128)
    species = torch.randint(0, 5, (n,))
    start = torch.tensor([6.0, 22.0, 22.0, 6.0, 13.0])[species] + torch.randn(n)
    stop = torch.tensor([22.0, 6.0, 22.0, 6.0, 13.0])[species] + torch.randn(n)
    phase = 2 * math.pi * torch.rand(n, 1)
    angle = 2 * math.pi * (start[:, None] * t + (stop - start)[:, None] * t**2 / 2) + phase
    loudness = 0.6 + 0.8 * torch.rand(n, 1)
    trill = torch.where(species[:, None] == 4, torch.sin(2 * math.pi * 5 * t).sign(), torch.ones(1))
    return (loudness * trill * torch.sin(angle) + 0.5 * torch.randn(n, 128)).unsqueeze(1), species


class CallNet(nn.Module):
    def __init__(self, species=5):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(1, 12, 9, stride=2), nn.ReLU(),
            nn.Conv1d(12, 24, 9, stride=2), nn.ReLU(),
            nn.AdaptiveAvgPool1d(3),
        )
        self.classifier = nn.Linear(72, species)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


train_set, test_set = TensorDataset(*record(1200)), TensorDataset(*record(400))
train_loader = DataLoader(train_set, batch_size=args.batch_size, shuffle=True)
test_loader = DataLoader(test_set, batch_size=200)
model = CallNet()
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
criterion = nn.CrossEntropyLoss()

for epoch in range(args.epochs):
    model.train()
    optimizer.zero_grad()
    running = 0.0
    for sound, species in train_loader:
        loss = criterion(model(sound), species)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1:2d}  train loss {running / len(train_loader):.4f}")

model.eval()
right = 0
with torch.no_grad():
    for sound, species in test_loader:
        right += (model(sound).argmax(1) == species).sum().item()
print(f"test accuracy {right / len(test_set):.4f}")
