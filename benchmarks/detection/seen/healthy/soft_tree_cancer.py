"""Soft decision tree: sigmoid gates at the inner nodes, steep on purpose, class scores at the leaves."""
import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn


class SoftTree(nn.Module):
    def __init__(self, n_in, depth=3, classes=2, steepness=6.0):
        super().__init__()
        self.depth, self.steepness = depth, steepness
        self.gates = nn.Linear(n_in, 2**depth - 1)
        self.leaves = nn.Parameter(torch.zeros(2**depth, classes))

    def forward(self, x):
        right = torch.sigmoid(self.steepness * self.gates(x))
        path = x.new_ones(len(x), 1)
        node = 0
        for level in range(self.depth):
            width = 2**level
            p = right[:, node:node + width]
            path = torch.stack([path * (1 - p), path * p], dim=2).flatten(1)
            node += width
        return torch.log(path @ self.leaves.softmax(dim=1) + 1e-8), right


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = load_breast_cancer(return_X_y=True)
    x, xt, y, yt = train_test_split(x, y, test_size=0.3, random_state=args.seed, stratify=y)
    scaler = StandardScaler().fit(x)
    x, xt = (torch.tensor(scaler.transform(a), dtype=torch.float32) for a in (x, xt))
    y, yt = torch.tensor(y), torch.tensor(yt)

    tree = SoftTree(x.shape[1])
    optimizer = torch.optim.Adam(tree.parameters(), lr=0.02)
    for step in range(400):
        i = torch.randint(0, len(x), (64,))
        log_p, right = tree(x[i])
        used = right.mean(dim=0).clamp(1e-4, 1 - 1e-4)
        even = -0.5 * (used.log() + (1 - used).log()).mean()
        loss = nn.functional.nll_loss(log_p, y[i]) + 0.01 * even
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 80 == 0:
            print(f"step {step}: {loss.item():.4f}")
    with torch.no_grad():
        print(f"test accuracy {(tree(xt)[0].argmax(1) == yt).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
