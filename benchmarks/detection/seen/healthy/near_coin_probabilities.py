import argparse
import os

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def serves(count):
    x = rng.standard_normal((count, 6)).astype("float32")
    chance = 0.5 + 0.22 * np.tanh(1.5 * x[:, 0] * x[:, 1] + x[:, 2])
    won = (rng.random(count) < chance).astype("float32")
    return torch.from_numpy(x), torch.from_numpy(won), torch.from_numpy(chance.astype("float32"))


x, won, _ = serves(20000)
test_x, test_won, test_chance = serves(5000)
net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
bce = nn.functional.binary_cross_entropy_with_logits
best = nn.functional.binary_cross_entropy(test_chance, test_won).item()
step = 0
for _ in range(4):
    for part in torch.randperm(len(x)).split(128):
        loss = bce(net(x[part]).squeeze(1), won[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
        if step % 90 == 0:
            with torch.no_grad():
                logits = net(test_x).squeeze(1)
                gap = (torch.sigmoid(logits) - test_chance).abs().mean().item()
                held = bce(logits, test_won).item()
            print(f"{step} held-out {held:.4f}, truth itself {best:.4f}, chances off by {gap:.4f}")
