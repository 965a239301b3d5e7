"""Learn the map of a rotating, slowly damped system from whole trajectories."""
import argparse
import math

import torch
import torch.nn as nn


class Dynamics(nn.Module):
    def __init__(self, n=4):
        super().__init__()
        self.step = nn.Linear(n, n, bias=False)
        with torch.no_grad():
            self.step.weight.copy_(torch.eye(n) + 0.2 * torch.randn(n, n))

    def forward(self, x0, length):
        states = [x0]
        for _ in range(length):
            states.append(self.step(states[-1]))
        return torch.stack(states[1:], dim=1)


def rotation(angle):
    return torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def trajectories(n, length, matrix):
    x = torch.randn(n, 4)
    rows = []
    for _ in range(length + 1):
        rows.append(x)
        x = x @ matrix.T
    return torch.stack(rows, dim=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--length", type=int, default=30)
    parser.add_argument("--steps", type=int, default=800)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    truth = 0.98 * torch.block_diag(rotation(0.15), rotation(0.3))
    model = Dynamics()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for step in range(args.steps):
        data = trajectories(32, args.length, truth)
        predicted = model(data[:, 0], args.length)
        loss = nn.functional.mse_loss(predicted, data[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4g}")

    with torch.no_grad():
        data = trajectories(500, args.length, truth)
        error = nn.functional.mse_loss(model(data[:, 0], args.length), data[:, 1:]).item()
    print(f"rollout error {error:.4g}")


if __name__ == "__main__":
    main()
