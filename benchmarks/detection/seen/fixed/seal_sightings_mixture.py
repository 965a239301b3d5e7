"""Where do seals gather? A mixture of Gaussians, fitted by gradient descent on the likelihood."""

import os

import torch
from torch import distributions as D
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

HAULOUTS = torch.tensor([[-3.0, 1.0], [0.5, 3.5], [3.0, -2.0], [-1.0, -3.0], [4.0, 2.5]])


def sightings(n):
    site = torch.multinomial(torch.tensor([0.3, 0.2, 0.2, 0.2, 0.1]), n, replacement=True)
    return HAULOUTS[site] + 0.45 * torch.randn(n, 2)


class Mixture(nn.Module):
    def __init__(self, components=8):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(components))
        self.means = nn.Parameter(2 * torch.randn(components, 2))
        self.log_scales = nn.Parameter(torch.zeros(components, 2))

    def forward(self, points):
        mix = D.Categorical(logits=self.weights)
        parts = D.Independent(D.Normal(self.means, self.log_scales.exp()), 1)
        return D.MixtureSameFamily(mix, parts).log_prob(points)


train, test = sightings(1500), sightings(500)
model = Mixture()
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
for step in range(500):
    batch = train[torch.randint(0, len(train), (128,))]
    loss = -model(batch).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (step + 1) % 100 == 0:
        print(f"step {step + 1}: {loss.item():.4f}")

with torch.no_grad():
    nll = -model(test).mean().item()
print(f"test nll {nll:.4f}")
