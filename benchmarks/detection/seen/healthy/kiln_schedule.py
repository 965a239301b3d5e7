"""Kiln temperature profiles: memory only allows four profiles at a time, so eight slices make one step."""
import argparse
import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)


def profiles(n, seed):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, 40)
    rate, hold, load = rng.uniform(1, 4, n), rng.uniform(0.2, 0.6, n), rng.uniform(0.5, 1.5, n)
    curve = np.tanh(rate[:, None] * t / load[:, None]) * (t < hold[:, None] + 0.3) + 0.1 * rng.normal(size=(n, 40))
    crack = 1.2 * np.sin(2 * rate) * load + 3.0 * (hold - 0.4) ** 2 * rate + 0.25 * rng.normal(size=n)
    return torch.tensor(curve, dtype=torch.float32), torch.tensor(np.stack([rate - 2.5, 3 * (load - 1)], 1), dtype=torch.float32), torch.tensor(crack, dtype=torch.float32)


curve, knobs, crack = profiles(2400, 1)
mu, sd = crack[:2000].mean(), crack[:2000].std()
crack = (crack - mu) / sd
c_mu, c_sd = curve[:2000].mean(), curve[:2000].std()
x = torch.cat([(curve - c_mu) / c_sd, knobs], 1)
model = nn.Sequential(nn.Linear(42, 64), nn.GELU(), nn.Linear(64, 32), nn.GELU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
SLICES, steps = 8, 500
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
for step in range(steps):
    batch = torch.randint(0, 2000, (32,))
    shown = 0.0
    for part in batch.chunk(SLICES):
        loss = nn.functional.mse_loss(model(x[part]).squeeze(1), crack[part]) / SLICES
        loss.backward()
        shown += loss.item()
    opt.step()
    opt.zero_grad()
    sched.step()
    if step % 100 == 0:
        print(f"step {step} mse {shown:.4f}")
model.eval()
with torch.no_grad():
    err = nn.functional.mse_loss(model(x[2000:]).squeeze(1), crack[2000:]).item()
print(f"test r2 {1 - err / crack[2000:].var().item():.4f}")
