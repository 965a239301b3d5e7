import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

args = argparse.ArgumentParser()
args.add_argument("--seed", type=int, default=0)
args.add_argument("--epochs", type=int, default=100)
args.add_argument("--noise", type=float, default=0.2)
args = args.parse_args()
torch.manual_seed(args.seed)

LENGTH = 64
KINDS = 4


def knock(kind):
    t = torch.arange(24).float()
    decay = torch.exp(-t / 8)
    if kind == 0:
        s = decay * torch.sin(0.9 * t)
    elif kind == 1:
        s = decay * torch.sin(1.6 * t)
    elif kind == 2:
        s = torch.exp(-((t - 12) / 5) ** 2) * torch.sin(0.9 * t)
    else:
        s = decay * torch.sin((0.6 + 0.03 * t) * t)
    signal = torch.zeros(LENGTH)
    at = int(torch.randint(0, LENGTH - 24, (1,)))
    signal[at : at + 24] = s * (0.7 + 0.6 * torch.rand(1))
    return signal + args.noise * torch.randn(LENGTH)


def measure(n):
    y = torch.arange(n) % KINDS
    return torch.stack([knock(int(k)) for k in y]).unsqueeze(1), y


def augment(x):
    shifts = torch.randint(0, LENGTH, (len(x),))
    x = torch.stack([row.roll(int(s), -1) for row, s in zip(x, shifts)])
    return x * (0.8 + 0.4 * torch.rand(len(x), 1, 1)) + 0.1 * torch.randn_like(x)


class KnockNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 16, 9, padding=4)
        self.conv2 = nn.Conv1d(16, 32, 7, padding=3)
        self.fc1 = nn.Linear(32 * 16, 64)
        self.fc2 = nn.Linear(64, KINDS)

    def forward(self, x):
        x = F.max_pool1d(F.relu(self.conv1(x)), 2)
        x = F.max_pool1d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


x_train, y_train = measure(80)
x_val, y_val = measure(400)
model = KnockNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(args.epochs):
    model.train()
    for idx in torch.randperm(len(x_train)).split(16):
        batch = augment(x_train[idx])
        loss = F.cross_entropy(model(batch), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if (epoch + 1) % 2 == 0:
        model.eval()
        with torch.no_grad():
            out = model(x_val)
            val_loss = F.cross_entropy(out, y_val).item()
            val_acc = (out.argmax(1) == y_val).float().mean().item()
    if (epoch + 1) % 20 == 0:
        print(f"epoch {epoch + 1:3d} | train {loss.item():.4f} | val {val_loss:.4f} | acc {val_acc:.3f}")

print(f"validation loss at the end: {val_loss:.4f}")
