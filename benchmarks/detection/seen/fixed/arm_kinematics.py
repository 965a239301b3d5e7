"""Learn the forward kinematics of a planar arm: joint angles in, position of the gripper (metres) out."""
import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

LINKS = (1.1, 0.8, 0.4)


def gripper(angles):
    heading = torch.cumsum(angles, dim=1)
    lengths = torch.tensor(LINKS)
    return torch.stack([(lengths * heading.cos()).sum(1), (lengths * heading.sin()).sum(1)], dim=1)


def poses(n):
    angles = torch.empty(n, 3).uniform_(-1.5, 1.5)
    return angles, gripper(angles)


def mlp(sizes, activation=nn.Tanh):
    layers = []
    for fan_in, fan_out in zip(sizes[:-1], sizes[1:]):
        layers += [nn.Linear(fan_in, fan_out), activation()]
    return nn.Sequential(*layers[:-1])


def r2(model, angles, target):
    model.eval()
    with torch.no_grad():
        residual = (model(angles) - target).square().sum()
    return (1 - residual / (target - target.mean(0)).square().sum()).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64])
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    loader = DataLoader(TensorDataset(*poses(2000)), batch_size=64, shuffle=True)
    test = poses(600)
    model = mlp([3, *args.hidden, 2])
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.92)
    for epoch in range(20):
        model.train()
        total = 0.0
        for angles, target in loader:
            loss = nn.functional.smooth_l1_loss(model(angles), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        scheduler.step()
        print(f"epoch {epoch:2d} loss {total / len(loader):.5f} lr {scheduler.get_last_lr()[0]:.5f}")
    print(f"R2 on new poses: {r2(model, *test):.4f}")


if __name__ == "__main__":
    main()
