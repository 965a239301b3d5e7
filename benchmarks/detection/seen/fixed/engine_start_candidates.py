"""Tell five kinds of engine from the sound of starting them; the best of several random starts is trained."""

import argparse
import copy
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


def recordings(n, gen, length=80, kinds=5):
    kind = torch.randint(0, kinds, (n,), generator=gen)
    t = torch.arange(length).float()
    rate = 0.15 + 0.07 * kind[:, None] + 0.01 * torch.randn(n, 1, generator=gen)
    rise = torch.sigmoid((t - 20 - 10 * torch.rand(n, 1, generator=gen)) / 5)
    phase = 6.28 * torch.rand(n, 1, generator=gen)
    wave = rise * torch.sin(rate * t * (1 + 0.3 * rise) + phase) + 0.5 * torch.randn(n, length, generator=gen)
    return wave.unsqueeze(1), kind


class EngineNet(nn.Module):
    def __init__(self, kinds=5):
        super().__init__()
        self.conv1 = nn.Conv1d(1, 12, 11, stride=2, padding=5)
        self.conv2 = nn.Conv1d(12, 24, 7, stride=2, padding=3)
        self.fc = nn.Linear(48, kinds)

    def forward(self, x):
        x = F.elu(self.conv1(x))
        x = F.elu(self.conv2(x))
        return self.fc(torch.cat([x.amax(2), x.square().mean(2)], dim=1))


def loss_of(net, x, y):
    with torch.no_grad():
        return F.cross_entropy(net(x), y).item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--starts", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=7)
    args = parser.parse_args()
    gen = torch.Generator().manual_seed(19)
    x_train, y_train = recordings(1500, gen)
    x_test, y_test = recordings(500, gen)
    torch.manual_seed(args.seed)
    loader = DataLoader(TensorDataset(x_train, y_train), batch_size=50, shuffle=True)

    candidates = [EngineNet() for _ in range(args.starts)]
    chosen = min(candidates, key=lambda net: loss_of(net, x_train[:300], y_train[:300]))
    model = copy.deepcopy(chosen)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    for epoch in range(args.epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch + 1}: {total / len(loader):.4f}")

    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"test accuracy {accuracy:.4f}")


if __name__ == "__main__":
    main()
