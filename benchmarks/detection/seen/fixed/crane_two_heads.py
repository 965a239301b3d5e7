import argparse
import os

import numpy as np
import torch
from torch import nn


def simulate(rng, count):
    load, wind, rope, speed = rng.uniform(-1, 1, (4, count))
    sway = np.sin(2.5 * speed) * (1 + 0.6 * rope) + 0.5 * wind * rope - 0.4 * load * speed
    sway += 0.05 * rng.standard_normal(count)
    stop = (
        0.8 * wind**2 + 0.7 * load + 0.5 * np.abs(speed) + 0.05 * rng.standard_normal(count) > 0.55
    ).astype(float)
    inputs = np.column_stack([load, wind, rope, speed]) * np.sqrt(3)
    return tuple(torch.tensor(a, dtype=torch.float32) for a in (inputs, sway, stop))


class CraneNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU())
        self.heads = nn.ModuleDict({"sway": nn.Linear(48, 1), "stop": nn.Linear(48, 1)})

    def forward(self, x):
        h = self.trunk(x)
        return {name: head(h).squeeze(-1) for name, head in self.heads.items()}


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
x, sway, stop = simulate(rng, 2000)
test_x, test_sway, test_stop = simulate(rng, 800)
net = CraneNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=12)
for epoch in range(12):
    sums = {"sway": 0.0, "stop": 0.0}
    for part in torch.randperm(len(x)).split(50):
        out = net(x[part])
        losses = {
            "sway": nn.functional.mse_loss(out["sway"], sway[part]),
            "stop": nn.functional.binary_cross_entropy_with_logits(out["stop"], stop[part]),
        }
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        for name, loss in losses.items():
            sums[name] += loss.item() / 40
    scheduler.step()
    print(epoch, {name: round(value, 4) for name, value in sums.items()})
with torch.no_grad():
    out = net(test_x)
explained = 1 - (out["sway"] - test_sway).var().item() / test_sway.var().item()
right = ((out["stop"] > 0) == (test_stop > 0.5)).float().mean().item()
print(f"stop decisions right {right:.4f}")
print(f"sway explained {explained:.4f}")
