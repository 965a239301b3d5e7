"""Recurrent net without gates or activation on its state: the state is only turned (orthogonal matrix kept so by a
parametrization) and pushed by the input; all that is non-linear comes after the last step."""

import argparse
import os

import torch
import torch.nn as nn
from torch.nn.utils.parametrizations import orthogonal


class Turner(nn.Module):
    def __init__(self, inputs=2, state=48, classes=5):
        super().__init__()
        self.turn = orthogonal(nn.Linear(state, state, bias=False))
        self.push = nn.Linear(inputs, state, bias=False)
        self.read = nn.Sequential(
            nn.LayerNorm(state), nn.Linear(state, 64), nn.ReLU(), nn.Linear(64, classes)
        )

    def forward(self, x):
        pushes = self.push(x)
        weight = self.turn.weight
        state = pushes.new_zeros(len(x), weight.size(0))
        for t in range(x.size(1)):
            state = state @ weight.T + pushes[:, t]
        return self.read(state)


def tape(n, gen, steps=20):
    """A marked pulse early on the tape says which of five answers is due at its end."""
    x = torch.zeros(n, steps, 2)
    answer = torch.randint(0, 5, (n,), generator=gen)
    slot = torch.randint(0, 4, (n,), generator=gen)
    x[torch.arange(n), slot, 0] = (answer - 2).float()
    x[..., 1] = 0.3 * torch.randn(n, steps, generator=gen)
    x[torch.arange(n), slot, 1] = 1.5
    return x, answer


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    torch.manual_seed(parser.parse_args().seed)
    gen = torch.Generator().manual_seed(23)
    x_test, y_test = tape(500, gen)
    model = Turner()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(500):
        x, y = tape(64, gen)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        drift = (model.turn.weight.T @ model.turn.weight - torch.eye(48)).abs().max().item()
        print(f"departure from orthogonal {drift:.1e}")
        print(f"test accuracy {(model(x_test).argmax(1) == y_test).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
