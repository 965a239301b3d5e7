import os
import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
rng = np.random.default_rng(0)

# one text line per measurement, as it comes from the logger
LINES = []
for _ in range(1600):
    values = rng.standard_normal(300)
    target = values[:10].sum() + 0.1 * rng.standard_normal()
    LINES.append(";".join(f"{v:.6f}" for v in (*values, target)))


class Measurements(Dataset):
    def __init__(self, lines):
        self.lines = lines

    def __len__(self):
        return len(self.lines)

    def __getitem__(self, index):
        cells = [float(cell) for cell in self.lines[index].split(";")]
        values = np.array([round(cell, 4) for cell in cells[:-1]])
        spectrum = np.abs(np.fft.rfft(np.interp(np.arange(1200) / 4, np.arange(300), values)))
        return (
            torch.tensor(np.concatenate([values, np.log1p(spectrum)]), dtype=torch.float32),
            torch.tensor(cells[-1], dtype=torch.float32),
        )


loader = DataLoader(Measurements(LINES), batch_size=32, shuffle=True)
model = nn.Sequential(nn.Linear(901, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss_fn = nn.MSELoss()

began = time.perf_counter()
for epoch in range(12):
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x).squeeze(1), y)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
print(f"trained in {time.perf_counter() - began:.2f} s")
