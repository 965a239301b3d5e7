"""Predict how a tasting panel splits its votes over flavour families."""
import argparse

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FAMILIES = 8
PANEL = 12


def beans(n, rng, centres):
    kind = rng.integers(0, FAMILIES, n)
    x = centres[kind, rng.integers(0, 2, n)] + rng.normal(0, 1.1, (n, 14))
    sure = rng.uniform(0.6, 0.95, n)
    probs = np.full((n, FAMILIES), 0.0) + ((1 - sure) / (FAMILIES - 1))[:, None]
    probs[np.arange(n), kind] = sure
    votes = np.stack([rng.multinomial(PANEL, q) for q in probs]) / PANEL
    return torch.tensor(x, dtype=torch.float32), torch.tensor(votes, dtype=torch.float32), torch.tensor(kind)


class Taster(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(14, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU())
        self.scores = nn.Linear(64, FAMILIES)

    def forward(self, x):
        return self.scores(self.body(x))


def panel_loss(scores, votes):
    return F.kl_div(F.log_softmax(scores, dim=1), votes, reduction="batchmean")


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
seed = parser.parse_args().seed

rng = np.random.default_rng(21)
centres = rng.normal(0, 1.3, (FAMILIES, 2, 14))
x, votes, _ = beans(3000, rng, centres)
x_new, _, kind_new = beans(1500, rng, centres)
mean, std = x.mean(0), x.std(0)
x, x_new = (x - mean) / std, (x_new - mean) / std

torch.manual_seed(seed)
model = Taster()
opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
for epoch in range(12):
    model.train()
    losses = []
    for idx in torch.randperm(len(x)).split(64):
        opt.zero_grad()
        loss = panel_loss(model(x[idx]), votes[idx])
        loss.backward()
        opt.step()
        losses.append(loss.item())
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:3d}  loss {np.mean(losses):.4f}")

model.eval()
with torch.no_grad():
    hit = (model(x_new).argmax(1) == kind_new).float().mean().item()
print(f"favourite family found {hit:.4f}")
