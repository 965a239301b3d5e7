"""Flow through the pipes of a garden irrigation: a net gives the head, the orifice law gives the flow."""

import argparse
import os

import torch
import torch.nn as nn


class HeadNet(nn.Module):
    def __init__(self, n_in, width=48):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(n_in, width),
            nn.Tanh(),
            nn.Linear(width, width),
            nn.Tanh(),
            nn.Linear(width, 2),
        )
        self.conductance = nn.Parameter(torch.tensor(1.0))

    def forward(self, sensors, opening):
        upstream, downstream = self.body(sensors).unbind(dim=1)
        drop = opening * (upstream - downstream)
        return self.conductance * torch.sign(drop) * torch.sqrt(drop.abs())


def simulate(n, generator):
    sensors = torch.randn(n, 6, generator=generator)
    opening = 0.15 + 0.85 * torch.rand(n, generator=generator)
    opening[torch.rand(n, generator=generator) < 0.002] = 0.0
    up = 1.5 + torch.sin(sensors[:, 0]) + 0.5 * sensors[:, 1] * sensors[:, 2]
    down = 0.7 * sensors[:, 3] - 0.4 * sensors[:, 4].abs()
    drop = opening * (up - down)
    flow = 1.3 * torch.sign(drop) * drop.abs().sqrt()
    return sensors, opening, flow + 0.05 * torch.randn(n, generator=generator)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--batch", type=int, default=50)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed + 1)
    sensors, opening, flow = simulate(3000, generator)
    test_sensors, test_opening, test_flow = simulate(800, generator)

    net = HeadNet(6)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    order = torch.randperm(len(flow))
    for step in range(args.steps):
        at = step * args.batch % len(flow)
        if at == 0:
            order = torch.randperm(len(flow))
        rows = order[at : at + args.batch]
        error = nn.functional.mse_loss(net(sensors[rows], opening[rows]), flow[rows])
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step}: squared error {error.item():.4f}")

    with torch.no_grad():
        rmse = (net(test_sensors, test_opening) - test_flow).pow(2).mean().sqrt().item()
    print(f"test rmse {rmse:.4f} (spread of the flow {test_flow.std().item():.4f})")


if __name__ == "__main__":
    main()
