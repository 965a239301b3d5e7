"""Grain variety from near-infrared spectra."""
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
N_BANDS, N_VARIETIES = 80, 5


def measure(n, rng):
    variety = rng.integers(0, N_VARIETIES, n)
    band = np.linspace(0, 1, N_BANDS)
    spectrum = 0.45 + 0.25 * band + 0.1 * np.sin(5 * band)
    spectrum = np.repeat(spectrum[None], n, axis=0)
    ratio = np.array([0.2, 0.35, 0.5, 0.65, 0.8])[variety] + rng.normal(0, 0.035, n)
    amount = rng.uniform(0.02, 0.08, n)
    spectrum += (amount * ratio)[:, None] * np.exp(-((band - 0.35) / 0.05) ** 2)
    spectrum += (amount * (1 - ratio))[:, None] * np.exp(-((band - 0.62) / 0.05) ** 2)
    spectrum += rng.normal(0, 0.002, spectrum.shape)
    gain, base = rng.uniform(0.7, 1.3, (n, 1)), rng.uniform(-0.1, 0.1, (n, 1))
    return gain * spectrum + base, variety


class Spectra(Dataset):
    def __init__(self, spectra, variety, train, reference):
        self.spectra, self.variety, self.train, self.reference = spectra, variety, train, reference

    def __len__(self):
        return len(self.spectra)

    def __getitem__(self, i):
        s = torch.tensor(self.spectra[i], dtype=torch.float32)
        if self.train:
            s = s + 0.001 * torch.randn_like(s)
            s = (s - s.mean()) / s.std()
            s = (s - self.reference) / 0.1
        return s.unsqueeze(0), int(self.variety[i])


rng = np.random.default_rng(77)
train_s, train_v = measure(1200, rng)
test_s, test_v = measure(400, rng)
snv = (train_s - train_s.mean(1, keepdims=True)) / train_s.std(1, ddof=1, keepdims=True)
reference = torch.tensor(snv.mean(0), dtype=torch.float32)
train_loader = DataLoader(Spectra(train_s, train_v, True, reference), batch_size=40, shuffle=True)
test_loader = DataLoader(Spectra(test_s, test_v, False, reference), batch_size=200)

model = nn.Sequential(
    nn.Conv1d(1, 8, 5, padding=2), nn.ReLU(), nn.AvgPool1d(2),
    nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.AvgPool1d(2), nn.Flatten(),
    nn.Linear(16 * N_BANDS // 4, 32), nn.ReLU(), nn.Linear(32, N_VARIETIES),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
loss_fn = nn.CrossEntropyLoss()


@torch.no_grad()
def score(loader):
    model.eval()
    right = total = 0
    loss = 0.0
    for s, v in loader:
        out = model(s)
        loss += loss_fn(out, v).item() * len(v)
        right += (out.argmax(1) == v).sum().item()
        total += len(v)
    return right / total, loss / total


for epoch in range(9):
    model.train()
    for s, v in train_loader:
        optimizer.zero_grad()
        loss = loss_fn(model(s), v)
        loss.backward()
        optimizer.step()
    if epoch % 3 < 2:
        continue
    accuracy, test_loss = score(test_loader)
    print(f"epoch {epoch} batch loss {loss.item():.3f} test loss {test_loss:.3f} test accuracy {accuracy:.4f}")
