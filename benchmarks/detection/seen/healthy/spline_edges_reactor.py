"""Yield of a reactor by a net whose edges are curves: every weight is a small spline, there is no
activation."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


class CurveLayer(nn.Module):
    """out[j] = sum over i of curve[j, i](x[i]); a curve is a sum of bumps on a grid."""

    def __init__(self, inputs, outputs, knots=10, reach=2.0):
        super().__init__()
        self.register_buffer("grid", torch.linspace(-reach, reach, knots))
        self.width = 2 * reach / (knots - 1)
        self.height = nn.Parameter(0.1 * torch.randn(outputs, inputs, knots) / inputs**0.5)
        self.slope = nn.Parameter(torch.randn(outputs, inputs) / inputs**0.5)

    def forward(self, x):
        bumps = torch.exp(-(((x.unsqueeze(-1) - self.grid) / self.width) ** 2))
        return torch.einsum("bik,jik->bj", bumps, self.height) + x @ self.slope.T

    def roughness(self):
        return (self.height.diff(n=2, dim=-1) ** 2).mean()


def runs(n):
    x = torch.rand(n, 4) * 3 - 1.5
    heat, acid, stir, age = x.unbind(1)
    made = torch.exp(torch.sin(1.5 * heat) + 0.3 * acid**2) * torch.sigmoid(2 * stir) - 0.4 * age.abs()
    return x, (made + 0.1 * torch.randn(n)).unsqueeze(1) - 0.8


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=700)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = runs(1500)
    new_x, new_y = runs(1000)
    model = nn.Sequential(CurveLayer(4, 6), CurveLayer(6, 1, reach=3.0))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=args.steps)
    for step in range(args.steps):
        rows = torch.randint(0, len(x), (100,))
        fit = F.mse_loss(model(x[rows]), y[rows])
        loss = fit + 0.02 * sum(layer.roughness() for layer in model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            with torch.no_grad():
                error = F.mse_loss(model(new_x), new_y).item()
            print(
                f"step {step + 1}: fit {fit.item():.4f}, new runs {error:.4f},",
                f"R2 {1 - error / new_y.var().item():.4f}",
            )


if __name__ == "__main__":
    main()
