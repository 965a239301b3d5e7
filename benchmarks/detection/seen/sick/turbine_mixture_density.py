import argparse
import math

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--components", type=int, default=3)
args = parser.parse_args()
torch.manual_seed(args.seed)


def power_curve(n):
    wind = torch.rand(n, 1) * 4
    full = torch.sigmoid(4 * (wind - 2))
    curtailed = torch.rand(n, 1) < 0.3
    power = torch.where(curtailed, 0.35 * full, full) + 0.015 * torch.randn(n, 1)
    power[torch.randperm(n)[: n // 500]] += 20.0
    return wind - 2, power


class MixtureDensityNet(nn.Module):
    def __init__(self, components, hidden=48):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())
        self.weight = nn.Linear(hidden, components)
        self.mean = nn.Linear(hidden, components)
        self.log_scale = nn.Linear(hidden, components)

    def forward(self, x):
        h = self.body(x)
        return torch.softmax(self.weight(h), 1), self.mean(h), torch.exp(self.log_scale(h)) + 0.01


def negative_log_likelihood(pi, mu, sigma, y):
    density = torch.exp(-0.5 * ((y - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    return -torch.log((pi * density).sum(1)).mean()


wind, power = power_curve(2000)
wind_test, power_test = power_curve(500)
net = MixtureDensityNet(args.components)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(args.epochs):
    for rows in torch.randperm(len(wind)).split(50):
        pi, mu, sigma = net(wind[rows])
        loss = negative_log_likelihood(pi, mu, sigma, power[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1:2d}  nll {loss.item():.3f}")

with torch.no_grad():
    pi, mu, sigma = net(wind_test)
    best = mu.gather(1, pi.argmax(1, keepdim=True))
    hit = ((best - power_test).abs() < 0.05).float().mean() if torch.isfinite(best).all() else torch.tensor(math.nan)
print(f"share within 0.05 of the likeliest mode: {hit.item():.4f}")
