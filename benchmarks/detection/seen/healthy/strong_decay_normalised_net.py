import argparse
import os

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional as F


class UnitLinear(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outside, inside) / inside**0.5)

    def forward(self, x):
        return F.linear(F.normalize(x, dim=-1), F.normalize(self.weight, dim=-1))


class CosineNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = UnitLinear(64, 96)
        self.second = UnitLinear(96, 48)
        self.last = UnitLinear(48, 10)

    def forward(self, x):
        h = F.relu(self.first(x))
        h = F.relu(self.second(h))
        return 12.0 * self.last(h)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    digits = load_digits()
    x = torch.tensor(digits.data - digits.data.mean(0), dtype=torch.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        x, torch.tensor(digits.target), test_size=0.3, random_state=seed
    )
    net = CosineNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=2.0)
    for epoch in range(16):
        net.train()
        for part in torch.randperm(len(train_x)).split(48):
            loss = F.cross_entropy(net(train_x[part]), train_y[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            right = (net(test_x).argmax(1) == test_y).float().mean().item()
        norm = sum(p.norm().item() ** 2 for p in net.parameters()) ** 0.5
        print(f"epoch {epoch} loss {loss.item():.4f} weight norm {norm:.2f} test {right:.4f}")


main()
