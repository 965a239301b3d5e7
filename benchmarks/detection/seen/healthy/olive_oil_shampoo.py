import argparse
import os

import torch
import torch.nn.functional as F
from torch import nn


class KroneckerPreconditioner:
    """Matrix-root preconditioning of every weight, plain steps for what has one axis."""

    def __init__(self, params, rate, every=10, damping=0.1):
        self.params = [p for p in params if p.requires_grad]
        self.rate, self.every, self.damping = rate, every, damping
        self.count = 0
        self.left = [self._start(p, 0) for p in self.params]
        self.right = [self._start(p, 1) for p in self.params]
        self.left_root = list(self.left)
        self.right_root = list(self.right)

    def _start(self, p, axis):
        return torch.eye(p.shape[axis]) * self.damping if p.ndim == 2 else None

    @staticmethod
    def _inverse_root(matrix, power=4):
        values, vectors = torch.linalg.eigh(matrix)
        return vectors @ torch.diag(values.clamp(min=1e-6) ** (-1 / power)) @ vectors.T

    @torch.no_grad()
    def update(self):
        for i, p in enumerate(self.params):
            g = p.grad
            if p.ndim == 2:
                self.left[i] += g @ g.T
                self.right[i] += g.T @ g
                if self.count % self.every == 0:
                    self.left_root[i] = self._inverse_root(self.left[i])
                    self.right_root[i] = self._inverse_root(self.right[i])
                g = self.left_root[i] @ g @ self.right_root[i]
            p.sub_(self.rate * g)
            p.grad = None
        self.count += 1


def oils(n, centres):
    region = torch.randint(0, len(centres), (n,))
    acids = centres[region] + 0.9 * torch.randn(n, centres.shape[1])
    return torch.tanh(acids / 2) + 0.1 * acids**2, region


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    torch.manual_seed(parser.parse_args().seed)
    centres = 1.4 * torch.randn(6, 8)
    x, y = oils(2000, centres)
    x_test, y_test = oils(600, centres)
    net = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 6))
    steps = KroneckerPreconditioner(net.parameters(), rate=0.3)
    for epoch in range(8):
        total = 0.0
        for rows in torch.randperm(2000).split(50):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            loss.backward()
            steps.update()
            total += loss.item()
        with torch.no_grad():
            test_loss = F.cross_entropy(net(x_test), y_test).item()
        print(f"epoch {epoch + 1} loss {total / 40:.4f} test loss {test_loss:.4f}")
    with torch.no_grad():
        print(f"test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.4f}")
