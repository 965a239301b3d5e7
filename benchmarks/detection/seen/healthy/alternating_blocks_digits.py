import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(8))
x = torch.tensor(digits.data, dtype=torch.float32)[order] / 16 - 0.3
y = torch.tensor(digits.target)[order]


class TwoBlocks(nn.Module):
    def __init__(self):
        super().__init__()
        self.lower = nn.Sequential(nn.Linear(64, 64), nn.CELU(), nn.Linear(64, 24), nn.CELU())
        self.upper = nn.Sequential(nn.Linear(24, 48), nn.CELU(), nn.Linear(48, 10))

    def forward(self, x):
        return self.upper(self.lower(x))


net = TwoBlocks()
optimizers = {
    "lower": torch.optim.Adam(net.lower.parameters(), lr=3e-3),
    "upper": torch.optim.Adam(net.upper.parameters(), lr=3e-3),
}
for turn in range(12):
    active = "upper" if turn % 2 == 0 else "lower"
    net.lower.requires_grad_(active == "lower")
    net.upper.requires_grad_(active == "upper")
    for rows in torch.randperm(1300).split(32):
        loss = F.cross_entropy(net(x[rows]), y[rows])
        optimizers[active].zero_grad()
        loss.backward()
        optimizers[active].step()
    with torch.no_grad():
        accuracy = (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()
    print(f"turn {turn + 1:2d} ({active}) loss {loss.item():.4f} accuracy {accuracy:.4f}")
