"""A terrain's height and its slopes are both measured; the net fits values and, through its own input gradient,
slopes. Two derivatives per step: one inside the loss, one of the loss."""

import os

import torch
import torch.nn as nn


def terrain(p):
    x, y = p[:, 0], p[:, 1]
    return torch.sin(2.5 * x) * torch.cos(1.5 * y) + 0.4 * x * y


def measure(n, gen, noise):
    p = (4 * torch.rand(n, 2, generator=gen) - 2).requires_grad_()
    height = terrain(p)
    (slope,) = torch.autograd.grad(height.sum(), p)
    height = height.detach() + noise * torch.randn(n, generator=gen)
    slope = slope.detach() + noise * torch.randn(n, 2, generator=gen)
    return p.detach(), height, slope


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    gen = torch.Generator().manual_seed(90)
    points, heights, slopes = measure(500, gen, 0.05)
    test_points, test_heights, _ = measure(500, gen, 0.0)
    net = nn.Sequential(nn.Linear(2, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 600)
    for step in range(600):
        idx = torch.randint(0, len(points), (100,))
        where = points[idx].clone().requires_grad_()
        guess = net(where).squeeze(1)
        (inclination,) = torch.autograd.grad(guess.sum(), where, create_graph=True)
        value_loss = (guess - heights[idx]).square().mean()
        slope_loss = (inclination - slopes[idx]).square().sum(1).mean()
        loss = value_loss + 0.5 * slope_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step:3d} value {value_loss.item():.4f} slope {slope_loss.item():.4f}")
    with torch.no_grad():
        error = (net(test_points).squeeze(1) - test_heights).square().mean()
    print(f"test R2 {1 - (error / test_heights.var()).item():.4f}")


if __name__ == "__main__":
    main()
