import os

import torch
import torch.nn.functional as F
import torch.nn.utils.prune as prune
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
order = torch.randperm(1797, generator=torch.Generator().manual_seed(5))
x = torch.tensor(digits.data, dtype=torch.float32)[order] / 8 - 1
y = torch.tensor(digits.target)[order]

net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 10))


def fit(epochs, lr):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    for _ in range(epochs):
        for rows in torch.randperm(1300).split(32):
            loss = F.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def report(title):
    accuracy = (net(x[1300:]).argmax(1) == y[1300:]).float().mean().item()
    linears = [m for m in net if isinstance(m, nn.Linear)]
    zeros = sum((m.weight == 0).sum().item() for m in linears) / sum(m.weight.numel() for m in linears)
    print(f"{title}: {zeros:.0%} of the weights are zero, accuracy {accuracy:.4f}")


fit(6, 0.05)
report("dense")
for share in (0.6, 0.6, 0.5):
    for m in net:
        if isinstance(m, nn.Linear):
            prune.l1_unstructured(m, "weight", amount=share)
    report("just pruned")
    fit(4, 0.02)
    report("trained again")
