"""Restricted Boltzmann machine on binarised digits, trained with one Gibbs step; gradients are set by hand."""
import argparse
import os

import torch
from sklearn.datasets import load_digits
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--hidden", type=int, default=64)
parser.add_argument("--epochs", type=int, default=20)
args = parser.parse_args()
torch.manual_seed(args.seed)
pixels = torch.tensor(load_digits().data > 7, dtype=torch.float32)[torch.randperm(1797)]
train, test = pixels[:1500], pixels[1500:]


class RBM(nn.Module):
    def __init__(self, visible, hidden):
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(visible, hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def up(self, v):
        return torch.sigmoid(v @ self.weight + self.hidden_bias)

    def down(self, h):
        return torch.sigmoid(h @ self.weight.T + self.visible_bias)

    def forward(self, v):
        return self.down(self.up(v))


@torch.no_grad()
def contrastive_divergence(rbm, v0):
    h0 = rbm.up(v0)
    v1 = torch.bernoulli(rbm.down(torch.bernoulli(h0)))
    h1 = rbm.up(v1)
    n = len(v0)
    rbm.weight.grad = (v1.T @ h1 - v0.T @ h0) / n
    rbm.visible_bias.grad = (v1 - v0).mean(0)
    rbm.hidden_bias.grad = (h1 - h0).mean(0)
    return (v0 - v1).abs().mean().item()


rbm = RBM(64, args.hidden)
optimizer = torch.optim.SGD(rbm.parameters(), lr=0.1, momentum=0.5)
for epoch in range(args.epochs):
    flips = []
    for v in train[torch.randperm(len(train))].split(50):
        flips.append(contrastive_divergence(rbm, v))
        optimizer.step()
    if epoch % 4 == 3:
        with torch.no_grad():
            print(f"epoch {epoch + 1}: flipped pixels {sum(flips) / len(flips):.4f}, "
                  f"held-out reconstruction error {(rbm(test) - test).pow(2).mean():.4f}")
with torch.no_grad():
    print(f"reconstruction error {(rbm(test) - test).pow(2).mean():.4f}, pixel means alone "
          f"{(train.mean(0) - test).pow(2).mean():.4f}")
