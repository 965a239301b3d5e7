import os
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SEED = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else int(os.environ.get("SEED", "0"))
torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def inside(points):
    """A three-armed wavy star with a round hole."""
    r = np.hypot(points[:, 0], points[:, 1])
    phi = np.arctan2(points[:, 1], points[:, 0])
    return ((r < 0.6 + 0.25 * np.sin(3 * phi)) & (r > 0.25)).astype(np.float32)


def sample(n):
    points = rng.uniform(-1, 1, (n, 2)).astype(np.float32)
    return torch.from_numpy(points), torch.from_numpy(inside(points))


class OccupancyField(nn.Module):
    def __init__(self, width=20, depth=5):
        super().__init__()
        self.inlet = nn.Linear(2, width)
        self.blocks = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)
        self.outlet = nn.Linear(width, 1)

    def forward(self, xy):
        h = F.silu(self.inlet(3 * xy))
        for block in self.blocks:
            h = F.silu(block(h))
        return self.outlet(self.norm(h)).squeeze(-1)


field = OccupancyField()
opt = torch.optim.Adam(field.parameters(), lr=1e-2)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=500, eta_min=2e-4)
for it in range(500):
    xy, occ = sample(400)
    loss = F.binary_cross_entropy_with_logits(field(xy), occ)
    opt.zero_grad()
    loss.backward()
    opt.step()
    schedule.step()
    if it % 100 == 0:
        print(f"iter {it:4d} bce {loss.item():.4f}")

with torch.no_grad():
    xy, occ = sample(8000)
    guess = (field(xy) > 0).float()
    iou = ((guess * occ).sum() / torch.clamp(guess + occ, max=1).sum()).item()
print(f"IoU {iou:.4f}")
