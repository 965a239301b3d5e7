"""Time to failure with censoring: a net gives the log hazard, the loss ranks it within each batch's risk sets."""
import argparse
import os

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--epochs", type=int, default=15)
args = parser.parse_args()
torch.manual_seed(args.seed)


def machines(n):
    x = torch.randn(n, 6)
    risk = 1.2 * torch.sin(1.5 * x[:, 0]) + 0.8 * x[:, 1].abs() - 0.7 * x[:, 2]
    failure = -torch.rand(n).log() / risk.exp()
    censored = 2 * torch.rand(n)
    return x, torch.minimum(failure, censored), (failure <= censored).float()


class HazardNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(6, 32), nn.SELU(), nn.AlphaDropout(0.05), nn.Linear(32, 32), nn.SELU(),
                                    nn.Linear(32, 1, bias=False))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


def partial_likelihood(log_hazard, time, event):
    order = time.argsort(descending=True)
    log_hazard, event = log_hazard[order], event[order]
    at_risk = torch.logcumsumexp(log_hazard, 0)
    return ((at_risk - log_hazard) * event).sum() / event.sum().clamp(min=1)


def concordance(log_hazard, time, event):
    earlier = (time[:, None] < time[None]) & (event[:, None] > 0)
    right = (log_hazard[:, None] > log_hazard[None])[earlier]
    return right.float().mean().item()


x, time, event = machines(1600)
test = machines(500)
net = HazardNet()
optimizer = torch.optim.RAdam(net.parameters(), lr=3e-3)
for epoch in range(args.epochs):
    net.train()
    total = 0.0
    for rows in torch.randperm(len(x)).split(64):
        loss = partial_likelihood(net(x[rows]), time[rows], event[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    net.eval()
    with torch.no_grad():
        c = concordance(net(test[0]), test[1], test[2])
    print(f"epoch {epoch + 1:2d}: loss {total / 25:.4f}, concordance {c:.4f}")
print(f"concordance index {c:.4f}")
