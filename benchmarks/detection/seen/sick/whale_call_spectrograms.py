import argparse
import math

import torch
import torch.nn as nn

parser = argparse.ArgumentParser(description="classify calls in hydrophone clips")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=8)
parser.add_argument("--lr", type=float, default=2e-3)
opt = parser.parse_args()
torch.manual_seed(opt.seed)

RATE, LENGTH, N_FFT, HOP = 1000, 1024, 64, 48
CALLS = ("upsweep", "downsweep", "moan")


def clip(kind):
    t = torch.arange(LENGTH) / RATE
    dur = 0.5 + 0.3 * torch.rand(1).item()
    start = torch.rand(1).item() * (LENGTH / RATE - dur)
    low, high = 80 + 40 * torch.rand(1).item(), 220 + 60 * torch.rand(1).item()
    s = ((t - start) / dur).clamp(0, 1)
    f = {"upsweep": low + (high - low) * s, "downsweep": high - (high - low) * s, "moan": 0 * s + (low + high) / 2}[kind]
    phase = 2 * math.pi * torch.cumsum(f, 0) / RATE
    inside = ((t >= start) & (t <= start + dur)).float()
    wave = 0.5 * inside * torch.sin(phase) + 0.45 * torch.randn(LENGTH)
    if torch.rand(1).item() < 0.12:
        # the recorder wrote its buffer late
        a = int(torch.randint(0, LENGTH - 200, (1,)))
        wave[a : a + 200] = 0.0
    return wave


def spectrogram(waves):
    spec = torch.stft(waves, N_FFT, HOP, window=torch.hann_window(N_FFT), center=False, return_complex=True)
    power = spec.abs() ** 2
    db = 10 * torch.log10(power)
    return (db[:, 1:25] / 20).unsqueeze(1)


def dataset(n):
    y = torch.randint(0, 3, (n,))
    return spectrogram(torch.stack([clip(CALLS[k]) for k in y.tolist()])), y


class CallNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.classify = nn.Sequential(nn.Flatten(), nn.Linear(16 * 6 * 5, 32), nn.ReLU(), nn.Linear(32, 3))

    def forward(self, x):
        return self.classify(self.features(x))


train_x, train_y = dataset(960)
test_x, test_y = dataset(360)
net = CallNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=opt.lr)

for epoch in range(opt.epochs):
    net.train()
    kept, skipped, running = 0, 0, 0.0
    for idx in torch.randperm(len(train_x)).split(24):
        loss = criterion(net(train_x[idx]), train_y[idx])
        if not torch.isfinite(loss):
            skipped += 1
            continue
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
        kept += 1
    net.eval()
    with torch.no_grad():
        acc = (net(test_x).argmax(1) == test_y).float().mean().item()
    print(f"[{epoch + 1}/{opt.epochs}] loss {running / max(kept, 1):.3f} ({kept} batches) test {acc:.3f}")
print(f"test accuracy {acc:.4f}")
