"""Reads flag semaphore: two noisy arm angles (as sines and cosines, in no fixed order) to one of 28 signs."""

import argparse
import itertools
import os

import torch
import torch.nn as nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
ap.add_argument("--steps", type=int, default=700)
opt = ap.parse_args()
torch.manual_seed(opt.seed)

SIGNS = torch.tensor(list(itertools.combinations(range(8), 2)))  # 28 pairs of arm positions


def photograph(n):
    sign = torch.randint(0, len(SIGNS), (n,))
    arms = SIGNS[sign] * (torch.pi / 4)
    swap = torch.rand(n, 1) < 0.5
    arms = torch.where(swap, arms.flip(1), arms)
    arms = arms + 0.13 * torch.randn(n, 2) + 0.05 * torch.randn(n, 1)
    reach = 1 + 0.1 * torch.randn(n, 2)
    return torch.cat([reach * arms.sin(), reach * arms.cos()], dim=1), sign


class SignReader(nn.Module):
    def __init__(self, hidden=96):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.out = nn.Linear(hidden, len(SIGNS))
        self.activation = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.activation(self.out(self.layers(x)))


train_x, train_y = photograph(4000)
test_x, test_y = photograph(1500)
net = SignReader()
loss_fn = nn.NLLLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

for step in range(opt.steps):
    rows = torch.randint(0, len(train_x), (64,))
    optimizer.zero_grad()
    loss = loss_fn(net(train_x[rows]), train_y[rows])
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", round(loss.item(), 4))

with torch.no_grad():
    accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
print(f"accuracy on new photographs: {accuracy:.4f}")
