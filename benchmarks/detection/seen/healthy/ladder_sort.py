"""Curriculum: fit a noisy surface starting with the calm centre, widening the pool until all points are in."""
import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--stages", type=int, default=6)
args = parser.parse_args()
torch.manual_seed(args.seed)

rng = np.random.default_rng(12)
points = rng.uniform(-1, 1, (5000, 2))
r = np.hypot(points[:, 0], points[:, 1])
height = np.sin(4 * r ** 2 + 2 * points[:, 0]) * (0.4 + r) + 0.05 * rng.normal(size=5000)
x = torch.tensor(points / 0.577, dtype=torch.float32)
y = torch.tensor((height - height[:4000].mean()) / height[:4000].std(), dtype=torch.float32).unsqueeze(1)
ladder = torch.tensor(np.argsort(r[:4000]))

net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
stages = [min(1.0, (k + 1) / (args.stages - 2)) for k in range(args.stages)]
for stage, share in enumerate(stages):
    pool = ladder[: int(share * len(ladder))]
    for step in range(200):
        rows = pool[torch.randint(len(pool), (80,))]
        loss = nn.functional.mse_loss(net(x[rows]), y[rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        test = nn.functional.mse_loss(net(x[4000:]), y[4000:]).item()
    print(f"stage {stage} pool {len(pool)} loss {loss.item():.4f} test {test:.4f}")
print(f"test MSE {test:.4f}")
