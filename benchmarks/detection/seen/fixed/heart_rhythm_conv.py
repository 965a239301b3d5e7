import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)


def beats(n, length=160):
    """0: regular, 1: fast, 2: broad beats. Zero mean and unit scale per trace."""
    kind = torch.randint(0, 3, (n,))
    period = torch.tensor([26.0, 16.0, 26.0])[kind] + torch.randn(n)
    width = torch.tensor([1.6, 1.6, 3.6])[kind] * (0.9 + 0.2 * torch.rand(n))
    t = torch.arange(length)
    offset = (t + 40 * torch.rand(n, 1)) % period[:, None] - period[:, None] / 2
    z = offset / width[:, None]
    trace = (1 - z**2) * torch.exp(-z**2 / 2) + 0.25 * torch.randn(n, length)
    trace = trace * torch.where(torch.rand(n, 1) < 0.5, 1.0, -1.0)
    trace = (trace - trace.mean(1, keepdim=True)) / trace.std(1, keepdim=True)
    return TensorDataset(trace.unsqueeze(1), kind)


class RhythmCNN(nn.Module):
    def __init__(self, n_classes=3):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, kernel_size=9, padding=4)
        self.bn1 = nn.BatchNorm1d(16)
        self.conv2 = nn.Conv1d(16, 24, kernel_size=9, padding=4)
        self.bn2 = nn.BatchNorm1d(24)
        self.relu = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool1d(1)
        self.fc = nn.Linear(24, n_classes)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.pool(x).squeeze(-1)
        return self.fc(x)


train_loader = DataLoader(beats(1200), batch_size=40, shuffle=True, drop_last=True)
val_x, val_y = beats(400).tensors
model = RhythmCNN()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.3)
criterion = nn.CrossEntropyLoss()

for epoch in range(args.epochs):
    model.train()
    for trace, kind in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(trace), kind)
        loss.backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        val_acc = (model(val_x).argmax(1) == val_y).float().mean().item()
    print(f"epoch {epoch + 1}/{args.epochs} loss {loss.item():.4f} val_acc {val_acc:.4f}")
print(f"final accuracy {val_acc:.4f}")
