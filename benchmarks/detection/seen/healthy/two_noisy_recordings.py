"""Denoising without clean signals: each noisy recording is asked to predict another noisy one of the same event."""

import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
EVENTS, LENGTH = 1400, 48
t = torch.linspace(0, 1, LENGTH)
freq = 1.0 + 3.0 * torch.rand(EVENTS, 1)
phase = 6.28 * torch.rand(EVENTS, 1)
onset = 0.1 + 0.5 * torch.rand(EVENTS, 1)
clean = torch.sin(6.28 * freq * t + phase) * torch.sigmoid((t - onset) * 40)
first = clean + 0.8 * torch.randn_like(clean)
second = clean + 0.8 * torch.randn_like(clean)

loader = DataLoader(TensorDataset(first[:1200], second[:1200]), batch_size=48, shuffle=True)


class Denoiser(nn.Module):
    def __init__(self, channels=24):
        super().__init__()
        self.inward = nn.Conv1d(1, channels, 7, padding=3)
        self.wide = nn.Conv1d(channels, channels, 7, padding=6, dilation=2)
        self.wider = nn.Conv1d(channels, channels, 5, padding=8, dilation=4)
        self.outward = nn.Conv1d(channels, 1, 1)

    def forward(self, x):
        h = torch.relu(self.inward(x.unsqueeze(1)))
        h = h + torch.relu(self.wide(h))
        h = h + torch.relu(self.wider(h))
        return self.outward(h).squeeze(1)


net = Denoiser()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(14):
    total = 0.0
    for heard, other in loader:
        if torch.rand(()) < 0.5:
            heard, other = other, heard
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(heard), other)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 2 == 1:
        with torch.no_grad():
            left = ((net(first[1200:]) - clean[1200:]) ** 2).mean().item()
        print(f"epoch {epoch + 1} loss {total / len(loader):.4f} error against the true signal {left:.4f}")
raw = ((first[1200:] - clean[1200:]) ** 2).mean().item()
smooth = nn.functional.avg_pool1d(first[1200:].unsqueeze(1), 5, 1, padding=2).squeeze(1)
print(f"untouched recordings {raw:.4f}, running mean {((smooth - clean[1200:]) ** 2).mean().item():.4f}")
