"""Share of five tree species in leaf litter, from a spectrometer with 24 bands."""

import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=14)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)

species = ["oak", "beech", "hornbeam", "maple", "lime"]
signatures = rng.normal(0, 1, (5, 24))
true_share = rng.dirichlet(np.full(5, 2.5), 1600)
spectra = np.tanh(true_share @ signatures) + rng.normal(0, 0.04, (1600, 24))
counted = np.stack([rng.multinomial(100, p) for p in true_share]) / 100

spectra = (spectra - spectra[:1200].mean(0)) / spectra[:1200].std(0)
x = torch.tensor(spectra, dtype=torch.float32)
y = torch.tensor(counted, dtype=torch.float32)
loader = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=32, shuffle=True)

model = nn.Sequential(nn.Linear(24, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 5))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def divergence(target, logits):
    predicted = torch.softmax(logits, dim=1)
    return (torch.xlogy(target, target) - target * torch.log(predicted)).sum(dim=1).mean()


for epoch in range(args.epochs):
    total = 0.0
    for bands, share in loader:
        optimizer.zero_grad()
        loss = divergence(share, model(bands))
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1:2d}  divergence {total / len(loader):.4f}")

model.eval()
with torch.no_grad():
    guess = torch.softmax(model(x[1200:]), dim=1)
    error = (guess - y[1200:]).abs().mean(0)
for name, value in zip(species, error.tolist(), strict=True):
    print(f"  {name:10s} {value:.4f}")
print(f"mean share error {error.mean().item():.4f}")
