"""Beat classifier (normal / ventricular / fusion) on short single-lead windows."""
import argparse

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
seed = parser.parse_args().seed
torch.manual_seed(seed)

LENGTH = 48
SHARES = [0.955, 0.025, 0.020]


def beats(n, rng):
    kind = rng.choice(3, size=n, p=SHARES)
    t = np.linspace(0, 1, LENGTH)
    centre = 0.45 + rng.normal(0, 0.04, (n, 1))
    width = np.where(kind == 0, 0.030, np.where(kind == 1, 0.050, 0.040))[:, None] * np.exp(rng.normal(0, 0.12, (n, 1)))
    height = np.exp(rng.normal(0, 0.15, (n, 1)))
    wave = height * np.exp(-((t - centre) ** 2) / (2 * width ** 2))
    t_sign = np.where(kind == 0, 0.28, np.where(kind == 1, -0.15, 0.06))[:, None] + rng.normal(0, 0.06, (n, 1))
    wave += t_sign * np.exp(-((t - centre - 0.28) ** 2) / (2 * 0.06 ** 2))
    wave += rng.normal(0, 0.17, wave.shape)
    wave = (wave - 0.1) / 0.35
    return torch.tensor(wave, dtype=torch.float32).unsqueeze(1), torch.tensor(kind)


rng = np.random.default_rng(2)
X_train, y_train = beats(4400, rng)
X_test, y_test = beats(2000, rng)

per_beat = 1.0 / torch.bincount(y_train).float()[y_train]
sampler = WeightedRandomSampler(per_beat, num_samples=len(y_train))
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=80, sampler=sampler)

model = nn.Sequential(
    nn.Conv1d(1, 8, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
    nn.Conv1d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
    nn.Conv1d(16, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveAvgPool1d(4), nn.Flatten(),
    nn.Linear(64, 3),
)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(6):
    model.train()
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(xb), yb)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} last loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    guess = torch.cat([model(part) for part in X_test.split(500)]).argmax(1)
recalls = [(guess[y_test == k] == k).float().mean().item() for k in range(3)]
print("recall by kind", [round(r, 3) for r in recalls])
print(f"balanced accuracy {sum(recalls) / 3:.4f}")
