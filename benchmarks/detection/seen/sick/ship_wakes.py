"""Find the few radar patches that hold a ship wake."""
import argparse
import math

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn

RARE = 0.04


def patches(n, rng):
    x = rng.normal(size=(n, 16))
    ship = rng.random(n) < RARE
    side = rng.choice([-1.0, 1.0], n)
    x[ship, :5] += 1.6 * side[ship, None]
    x[ship, 5] = x[ship, 6] * side[ship] + 0.3 * rng.normal(size=ship.sum())
    return torch.tensor(x, dtype=torch.float32), torch.tensor(ship, dtype=torch.float32)


class Detector(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(16, width), nn.Linear(width, width)])
        self.score = nn.Linear(width, 1)
        self.init_bias(RARE)

    def init_bias(self, prior):
        for m in self.modules():
            if isinstance(m, nn.Linear):
                nn.init.constant_(m.bias, -math.log((1 - prior) / prior))

    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return self.score(x).squeeze(1)


def main(seed):
    rng = np.random.default_rng(6)
    x, y = patches(6000, rng)
    xt, yt = patches(4000, rng)
    torch.manual_seed(seed)
    net = Detector()
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.02)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(10):
        net.train()
        total = 0.0
        for idx in torch.randperm(len(x)).split(128):
            opt.zero_grad()
            loss = loss_fn(net(x[idx]), y[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch} loss {total / len(x):.4f}")
    net.eval()
    with torch.no_grad():
        ap = average_precision_score(yt.numpy(), net(xt).numpy())
    print(f"average precision {ap:.4f}")


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=0)
    main(cli.parse_args().seed)
