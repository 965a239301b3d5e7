import argparse

import torch
from torch import nn
from torch.distributions import Normal


class NeuralProcess(nn.Module):
    """Every prediction depends on all context points, through the mean of their codes."""

    def __init__(self, width=48):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU())
        self.decode = nn.Sequential(
            nn.Linear(width + 1, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU()
        )
        self.mean = nn.Linear(width, 1)
        self.spread = nn.Linear(width, 1)

    def forward(self, x_context, y_context, x_target):
        summary = self.encode(torch.cat([x_context, y_context], -1)).mean(1, keepdim=True)
        h = self.decode(torch.cat([summary.expand(-1, x_target.shape[1], -1), x_target], -1))
        return Normal(self.mean(h), 0.05 + 0.95 * nn.functional.softplus(self.spread(h)))


def curves(count, points=30):
    x = torch.rand(count, points, 1) * 4 - 2
    height = torch.empty(count, 1, 1).uniform_(0.5, 1.5)
    shift = torch.empty(count, 1, 1).uniform_(-1.5, 1.5)
    return x, height * torch.sin(1.5 * x + shift) + 0.03 * torch.randn_like(x)


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

model = NeuralProcess()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(700):
    x, y = curves(24)
    n = int(torch.randint(4, 15, (1,)))
    density = model(x[:, :n], y[:, :n], x)
    loss = -density.log_prob(y).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step} negative log-likelihood {loss.item():.3f}")

model.eval()
with torch.no_grad():
    x, y = curves(200)
    guess = model(x[:, :10], y[:, :10], x[:, 10:]).mean
    target = y[:, 10:]
    print("share of variance explained: %.4f" % (1 - (guess - target).pow(2).mean() / target.var()).item())
