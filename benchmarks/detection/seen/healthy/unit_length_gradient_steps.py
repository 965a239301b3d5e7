"""Every step has the same length: the gradient only says where to, the schedule says how far."""

import argparse

import torch
from torch import nn


class Harmonics(nn.Module):
    """Sine waves of learnt pitch, in a sum; small net by design."""

    def __init__(self, waves=24):
        super().__init__()
        self.pitch = nn.Parameter(torch.linspace(0.3, 6.0, waves))
        self.shift = nn.Parameter(6.28 * torch.rand(waves))
        self.loudness = nn.Linear(waves, 1)

    def forward(self, t):
        return self.loudness(torch.sin(t * self.pitch + self.shift))


def tide(n):
    t = 6 * torch.rand(n, 1) - 3
    return t, torch.sin(1.7 * t) + 0.5 * torch.cos(4.2 * t) + 0.1 * torch.randn(n, 1)


def main():
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--steps", type=int, default=500)
    args = cli.parse_args()
    torch.manual_seed(args.seed)
    t_train, y_train = tide(400)
    t_test, y_test = tide(200)
    model = Harmonics()
    stride = 1e-2
    optimizer = torch.optim.SGD(model.parameters(), lr=10.0)
    fade = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: max(0.01, 1 - i / args.steps))
    for step in range(args.steps):
        loss = nn.functional.huber_loss(model(t_train), y_train)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), stride)
        optimizer.step()
        fade.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f} norm {norm.item():.4f}")
    with torch.no_grad():
        mse = nn.functional.mse_loss(model(t_test), y_test).item()
    print(f"test mse {mse:.4f} (variance {y_test.var().item():.4f})")


if __name__ == "__main__":
    main()
