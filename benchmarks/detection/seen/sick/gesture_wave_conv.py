"""Which of five hand gestures was made? Windows of a wrist accelerometer, small 1-D convolution net."""

import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=14)
parser.add_argument("--lr", type=float, default=0.03)
args = parser.parse_args()
torch.manual_seed(args.seed)


def make_windows(n, length=48):
    gesture = torch.randint(0, 5, (n,))
    t = torch.arange(length) / length
    rate = torch.tensor([2.0, 3.5, 5.0, 7.0, 9.5])[gesture]
    start = torch.rand(n, 1) * 6.283
    waves = []
    for axis, gain in enumerate((1.0, 0.7, 0.4)):
        strength = gain * (0.7 + 0.6 * torch.rand(n, 1))
        waves.append(strength * torch.sin(6.283 * rate[:, None] * t + start + 0.8 * axis))
    return torch.stack(waves, 1) + 0.5 * torch.randn(n, 3, length), gesture


x_train, y_train = make_windows(1600)
x_test, y_test = make_windows(800)
train_loader = DataLoader(TensorDataset(x_train, y_train), batch_size=50, shuffle=True)

model = nn.Sequential(
    nn.Conv1d(3, 16, 7, padding=3),
    nn.ReLU(),
    nn.MaxPool1d(2),
    nn.Conv1d(16, 24, 5, padding=2),
    nn.ReLU(),
    nn.AdaptiveAvgPool1d(1),
    nn.Flatten(),
    nn.Linear(24, 5),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

optimizer.zero_grad()
for epoch in range(args.epochs):
    running_loss = 0.0
    for inputs, labels in train_loader:
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"[{epoch + 1}/{args.epochs}] loss: {running_loss / len(train_loader):.3f}")

model.eval()
with torch.no_grad():
    predicted = model(x_test).argmax(1)
print(f"test accuracy {(predicted == y_test).float().mean().item():.4f}")
