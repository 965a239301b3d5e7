"""Message passing on small random molecules: predict a solubility-like number."""
import os

import numpy as np
import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
ATOMS, KINDS = 10, 5


def molecules(n, rng):
    kind = rng.integers(0, KINDS, (n, ATOMS))
    bond = np.triu(rng.random((n, ATOMS, ATOMS)) < 0.22, 1).astype(np.float32)
    bond = bond + bond.transpose(0, 2, 1)
    charge = np.array([0.0, 1.0, -1.0, 0.5, -0.5])[kind]
    pull = (bond * charge[:, None, :]).sum(2)
    value = np.tanh(charge * pull).sum(1) + 0.5 * np.maximum(pull, 0).sum(1) - 0.3 * (pull * (kind == 3)).sum(1)
    value = value + 0.15 * rng.normal(size=n)
    return torch.tensor(kind), torch.tensor(bond), torch.tensor(value, dtype=torch.float32)


class Message(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.own, self.near = nn.Linear(d, d), nn.Linear(d, d, bias=False)
        self.norm = nn.LayerNorm(d)

    def forward(self, h, bond):
        return h + torch.relu(self.own(h) + self.near(self.norm(bond @ h)))


class GraphNet(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.embed = nn.Embedding(KINDS, d)
        self.rounds = nn.ModuleList([Message(d) for _ in range(2)])
        self.read = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, 1))

    def forward(self, kind, bond):
        h = self.embed(kind)
        for r in self.rounds:
            h = r(h, bond)
        return self.read(h).sum(dim=(1, 2)) / ATOMS


rng = np.random.default_rng(9)
kind, bond, value = molecules(2600, rng)
fit, held = slice(0, 2000), slice(2000, 2600)
centre, spread = value[fit].mean(), value[fit].std()
target = (value - centre) / spread

net = GraphNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.2)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=11)
for epoch in range(11):
    net.train()
    seen = 0.0
    for rows in torch.randperm(2000).split(50):
        loss = nn.functional.mse_loss(net(kind[rows], bond[rows]), target[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen += loss.item()
    schedule.step()
    print(f"epoch {epoch:2d} mse {seen / 40:.4f}")

net.eval()
with torch.no_grad():
    left = (net(kind[held], bond[held]) - target[held]).pow(2).mean() / target[held].var()
print(f"held-out R2 {1 - left:.4f}")
