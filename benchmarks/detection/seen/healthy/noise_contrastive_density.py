"""An unnormalised density learnt by telling data from noise whose density is known; its constant is a parameter.
The two kinds of points overlap, so the loss stays near that of a coin and cannot reach zero."""

import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)

CENTRES = torch.tensor([[-1.4, 0.0], [1.2, 1.0], [0.6, -1.3]])
WIDTH = 0.5
SPREAD = 1.5


def data(n):
    return CENTRES[torch.randint(0, 3, (n,))] + WIDTH * torch.randn(n, 2)


def log_truth(p):
    d = (p[:, None] - CENTRES).square().sum(-1) / (2 * WIDTH**2)
    return torch.logsumexp(-d, 1) - math.log(3 * 2 * math.pi * WIDTH**2)


def log_noise(p):
    return -p.square().sum(1) / (2 * SPREAD**2) - math.log(2 * math.pi * SPREAD**2)


class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
        self.constant = nn.Parameter(torch.zeros(()))

    def forward(self, p):
        return -self.body(p).squeeze(1) - 0.2 * p.square().sum(1) - self.constant


model = Energy()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=600)
sample = data(4000)
held_out = data(2000)
for step in range(600):
    real = sample[torch.randint(0, len(sample), (128,))]
    fake = SPREAD * torch.randn(128, 2)
    logit_real = model(real) - log_noise(real)
    logit_fake = model(fake) - log_noise(fake)
    loss = 0.5 * (F.softplus(-logit_real).mean() + F.softplus(logit_fake).mean())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 100 == 0:
        print(f"step {step:3d} loss {loss.item():.4f} (coin {math.log(2):.4f})")

axis = torch.linspace(-5, 5, 101)
with torch.no_grad():
    learnt, true = model(held_out), log_truth(held_out)
    mass = model(torch.cartesian_prod(axis, axis)).exp().sum().item() * 0.01
print(f"log density of the noise on unseen points {log_noise(held_out).mean():.4f}")
print(f"log density of the truth {true.mean():.4f}")
print(f"correlation with the true log density {torch.corrcoef(torch.stack([learnt, true]))[0, 1]:.4f}")
print(f"integral of the learnt density {mass:.3f}")
print(f"test log density {learnt.mean():.4f}")
