"""Neural tensor layer over two people's descriptions: which of four relations holds?"""
import argparse

import torch
from torch import nn


class TensorLayer(nn.Module):
    """tanh(a' W b + V [a, b] + c), one slice of W for every unit"""

    def __init__(self, dim, units):
        super().__init__()
        self.W = nn.Parameter(torch.randn(units, dim, dim) / dim)
        self.V = nn.Linear(2 * dim, units)

    def forward(self, a, b):
        bilinear = torch.einsum("ni,kij,nj->nk", a, self.W, b)
        return torch.tanh(bilinear + self.V(torch.cat([a, b], dim=1)))


class Relation(nn.Module):
    def __init__(self, dim=14, units=20, relations=4):
        super().__init__()
        self.tensor = TensorLayer(dim, units)
        self.out = nn.Linear(units, relations)

    def forward(self, a, b):
        return self.out(self.tensor(a, b))


def pairs(n, forms):
    a, b = torch.randn(n, 14), torch.randn(n, 14)
    s = torch.einsum("ni,kij,nj->nk", a, forms, b)
    y = 2 * (s[:, 0] > 0).long() + (s[:, 1] > 0).long()
    return a, b, y


def train(args):
    torch.manual_seed(args.seed)
    forms = torch.zeros(2, 14, 14)
    for f in forms:
        f += torch.outer(torch.randn(14), torch.randn(14))
    a, b, y = pairs(3000, forms)
    at, bt, yt = pairs(1000, forms)
    model = Relation()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    loss_fn = nn.CrossEntropyLoss()
    for step in range(1, args.steps + 1):
        i = torch.randint(len(y), (100,))
        loss = loss_fn(model(a[i], b[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.3f}")
    with torch.no_grad():
        hits = (model(at, bt).argmax(dim=1) == yt).float().mean()
    print(f"relation accuracy {hits.item():.4f}")


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--steps", type=int, default=600)
    p.add_argument("--lr", type=float, default=3e-3)
    train(p.parse_args())
