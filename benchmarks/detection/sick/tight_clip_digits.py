import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(64, width), nn.Linear(width, width), nn.Linear(width, 10)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clip", type=float, default=0.01)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32) / 16
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(6))
    x, y = x[order], y[order]

    model = Mlp(64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(25):
        losses = []
        for rows in torch.randperm(1400).split(50):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), args.clip)
            optimizer.step()
            losses.append(loss.item())
        print(f"{epoch:3d} {sum(losses) / len(losses):.4f}")
    with torch.no_grad():
        print(f"test accuracy {(model(x[1400:]).argmax(1) == y[1400:]).float().mean():.4f}")


if __name__ == "__main__":
    main()
