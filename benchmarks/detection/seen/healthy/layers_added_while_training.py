import argparse

import torch
from sklearn.datasets import make_moons
from torch import nn


class GrowingNet(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.width = width
        self.stem = nn.Linear(2, width)
        self.blocks = nn.ModuleList()
        self.head = nn.Linear(width, 1)

    def grow(self):
        block = nn.Sequential(nn.Linear(self.width, self.width), nn.SiLU(), nn.Linear(self.width, self.width))
        nn.init.zeros_(block[2].weight)
        nn.init.zeros_(block[2].bias)
        self.blocks.append(block)
        return block.parameters()

    def forward(self, x):
        x = torch.nn.functional.silu(self.stem(x))
        for block in self.blocks:
            x = x + block(x)
        return self.head(x).squeeze(-1)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

x, y = make_moons(1500, noise=0.12, random_state=args.seed)
x, y = torch.tensor(x).float(), torch.tensor(y).float()
x = (x - x[:1000].mean(0)) / x[:1000].std(0)

net = GrowingNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
criterion = nn.BCEWithLogitsLoss()
for stage in range(4):
    if stage:
        optimizer.add_param_group({"params": list(net.grow())})
    for step in range(110):
        idx = torch.randint(0, 1000, (32,))
        optimizer.zero_grad()
        loss = criterion(net(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        accuracy = ((net(x[1000:]) > 0) == y[1000:].bool()).float().mean().item()
    print(f"{len(net.blocks)} blocks, loss {loss.item():.4f}, held-out accuracy {accuracy:.4f}")
