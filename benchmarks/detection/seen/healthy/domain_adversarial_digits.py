"""Domain-adversarial training: labels only for bright pictures, test on dim inverted ones, gradient turned round."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.strength * grad, None


digits = load_digits()
x = torch.tensor(digits.data / 16.0, dtype=torch.float32)
y = torch.tensor(digits.target)
order = torch.randperm(len(x))
source, adapt, test = order[:800], order[800:1400], order[1400:]
other = 0.75 * x + 0.25 * x.roll(1, 1) + 0.25 * torch.rand_like(x)

features = nn.Sequential(nn.Linear(64, 64), nn.LeakyReLU(0.1), nn.Linear(64, 32), nn.LeakyReLU(0.1))
labeller = nn.Linear(32, 10)
critic = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam([*features.parameters(), *labeller.parameters(), *critic.parameters()], lr=2e-3)
STEPS = 400
for step in range(STEPS):
    s, t = source[torch.randint(0, 800, (64,))], adapt[torch.randint(0, 600, (64,))]
    strength = 0.3 * step / STEPS
    hs, ht = features(2 * x[s] - 1), features(2 * other[t] - 1)
    label_loss = F.cross_entropy(labeller(hs), y[s])
    domain = critic(Reverse.apply(torch.cat([hs, ht]), strength)).squeeze(1)
    domain_loss = F.binary_cross_entropy_with_logits(domain, torch.cat([torch.ones(64), torch.zeros(64)]))
    optimizer.zero_grad()
    (label_loss + domain_loss).backward()
    optimizer.step()
    if step % 80 == 79:
        with torch.no_grad():
            acc = (labeller(features(2 * other[test] - 1)).argmax(1) == y[test]).float().mean().item()
        print(f"step {step + 1} label {label_loss.item():.3f} domain {domain_loss.item():.3f} target accuracy {acc:.4f}")
