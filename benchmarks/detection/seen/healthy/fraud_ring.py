"""Card fraud (1.5 %): balanced batches for training, natural shares for scoring, logits corrected for the prior."""
import argparse
import math

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)


def cards(n, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 10))
    bad = rng.random(n) < 0.015
    radius = np.where(bad, 3.0, 1.0) * np.sqrt(rng.gamma(4, 0.25, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    x[:, 0], x[:, 1] = radius * np.cos(angle), radius * np.sin(angle)
    x[bad, 2] *= x[bad, 3]
    return torch.tensor(x, dtype=torch.float32), torch.tensor(bad, dtype=torch.float32)


x, y = cards(20000, 1)
x_test, y_test = cards(10000, 2)
good, bad = (y == 0).nonzero().squeeze(1), (y == 1).nonzero().squeeze(1)

net = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-2)
shift = math.log(len(bad) / len(good))

for step in range(1, 901):
    net.train()
    rows = torch.cat([good[torch.randint(len(good), (48,))], bad[torch.randint(len(bad), (48,))]])
    loss = nn.functional.binary_cross_entropy_with_logits(net(x[rows]).squeeze(1), y[rows])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        net.eval()
        with torch.no_grad():
            logit = net(x_test).squeeze(1) + shift
            held = nn.functional.binary_cross_entropy_with_logits(logit, y_test)
        print(f"step {step} loss {loss.item():.4f} held-out {held.item():.4f} "
              f"average precision {average_precision_score(y_test.numpy(), logit.numpy()):.4f}")
