import os
import sys

import numpy as np
import torch
from torch import nn

seed = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)

# four "keywords": two tones each, one early and one late, in noise
PAIRS = [(0.18, 0.22), (0.22, 0.18), (0.20, 0.24), (0.24, 0.20)]


def recordings(n, length=160):
    y = np.random.randint(0, len(PAIRS), n)
    t = np.arange(length)
    x = np.random.randn(n, length) * 1.5
    for i, k in enumerate(y):
        a, b = PAIRS[k]
        gain = np.random.uniform(0.7, 1.3)
        x[i] += gain * np.where(t < length // 2, np.sin(2 * np.pi * a * t), np.sin(2 * np.pi * b * t))
    return torch.tensor(x, dtype=torch.float32).unsqueeze(1), torch.tensor(y)


def log_energy(bands):
    """Mean power of each band over frames of 20 samples, in nepers."""
    power = np.square(bands.detach().numpy())
    frames = power.reshape(*power.shape[:2], -1, 20).mean(-1)
    return torch.from_numpy(np.log(frames + 1e-4))


class KeywordNet(nn.Module):
    def __init__(self, bands=2):
        super().__init__()
        self.filters = nn.Conv1d(1, bands, kernel_size=41, padding=20, bias=False)
        self.norm = nn.LayerNorm(bands * 8)
        self.classify = nn.Sequential(nn.Linear(bands * 8, 32), nn.ReLU(), nn.Linear(32, len(PAIRS)))

    def forward(self, wave):
        energy = log_energy(self.filters(wave))
        return self.classify(self.norm(energy.flatten(1)))


x_train, y_train = recordings(1000)
x_test, y_test = recordings(500)
net = KeywordNet()
print(sum(p.numel() for p in net.parameters() if p.requires_grad), "trainable parameters")
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(16):
    perm = torch.randperm(len(x_train))
    total = 0.0
    for k in range(0, len(perm), 50):
        rows = perm[k:k + 50]
        opt.zero_grad()
        loss = loss_fn(net(x_train[rows]), y_train[rows])
        loss.backward()
        opt.step()
        total += loss.item() * len(rows)
    with torch.no_grad():
        acc = (net(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch:2d} loss {total / len(perm):.4f} test accuracy {acc:.4f}")
