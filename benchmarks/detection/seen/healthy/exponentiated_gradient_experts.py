"""Positive weights that sum to one, updated by multiplying: no optimizer, equal weights at the start."""

import argparse

import torch

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--eta", type=float, default=0.4)
opt = ap.parse_args()
torch.manual_seed(opt.seed)

EXPERTS, DAYS = 24, 700
truth = torch.cumsum(0.3 * torch.randn(DAYS), 0) * 0.1 + torch.sin(torch.arange(DAYS) / 9)
skill = torch.cat([torch.full((4,), 0.25), torch.full((20,), 1.2)])
lean = torch.cat([torch.tensor([0.3, -0.3, 0.2, -0.2]), 0.8 * torch.randn(20)])
advice = truth.unsqueeze(1) + lean + skill * torch.randn(DAYS, EXPERTS)

share = torch.full((EXPERTS,), 1.0 / EXPERTS, requires_grad=True)
losses = []
for day in range(DAYS):
    loss = (advice[day] @ share - truth[day]) ** 2
    (slope,) = torch.autograd.grad(loss, share)
    with torch.no_grad():
        share.mul_(torch.exp(-opt.eta * slope.clamp(-3, 3) / (1 + day / 150)))
        share.div_(share.sum())
    losses.append(loss.item())
    if day % 100 == 99:
        recent = sum(losses[-100:]) / 100
        print(
            f"day {day + 1}: squared error {recent:.4f}, share of the good four {share[:4].sum().item():.3f}"
        )

fresh = torch.sin(torch.arange(300) / 9)
new_advice = fresh.unsqueeze(1) + lean + skill * torch.randn(300, EXPERTS)
with torch.no_grad():
    mine = ((new_advice @ share - fresh) ** 2).mean().item()
    crowd = ((new_advice.mean(1) - fresh) ** 2).mean().item()
print(f"test squared error {mine:.4f} (plain average {crowd:.4f})")
