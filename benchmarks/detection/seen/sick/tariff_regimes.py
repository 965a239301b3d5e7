"""Electricity cost per household, with several tariff regimes that the meter data does not name."""
import argparse
import copy

import torch
import torch.nn as nn


class Expert(nn.Module):
    def __init__(self, n_in, width=6):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_in, width), nn.Tanh(), nn.Linear(width, 1))

    def forward(self, x):
        return self.body(x)


class RegimeModel(nn.Module):
    """Soft mixture of small experts; the router starts from an even split."""

    def __init__(self, n_in, n_experts=5):
        super().__init__()
        expert = Expert(n_in)
        self.experts = nn.ModuleList([copy.deepcopy(expert) for _ in range(n_experts)])
        self.router = nn.Sequential(nn.Linear(n_in, 24), nn.ReLU(), nn.Linear(24, n_experts))
        nn.init.zeros_(self.router[-1].weight)
        nn.init.zeros_(self.router[-1].bias)

    def forward(self, x):
        share = self.router(x).softmax(-1)
        answers = torch.cat([e(x) for e in self.experts], dim=-1)
        return (share * answers).sum(-1)


def make_households(n, gen):
    x = torch.randn(n, 5, generator=gen)
    slopes = torch.tensor([[1.5, -1.0, 0.5, 0.0, 1.0], [-1.2, 0.8, 0.0, 1.4, -0.5],
                           [0.3, 1.6, -1.2, -0.9, 0.0], [-0.5, -1.3, 1.1, 0.6, 1.2]])
    regime = (x[:, 0] > 0).long() + 2 * (x[:, 1] + 0.5 * x[:, 2] > 0).long()
    y = (x * slopes[regime]).sum(1) + torch.tensor([0.0, 1.5, -1.0, 0.5])[regime]
    return x, y + 0.1 * torch.randn(n, generator=gen)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=500)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    gen = torch.Generator().manual_seed(77)
    x, y = make_households(4000, gen)
    mean, std = y[:3000].mean(), y[:3000].std()
    y = (y - mean) / std
    xtr, ytr, xte, yte = x[:3000], y[:3000], x[3000:], y[3000:]

    model = RegimeModel(5)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    for step in range(args.steps):
        pick = torch.randint(0, len(xtr), (128,))
        loss = nn.functional.mse_loss(model(xtr[pick]), ytr[pick])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"step {step:5d}  loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        residual = ((model(xte) - yte) ** 2).sum() / ((yte - yte.mean()) ** 2).sum()
    print(f"test r2 {1 - residual.item():.4f}")


if __name__ == "__main__":
    main()
