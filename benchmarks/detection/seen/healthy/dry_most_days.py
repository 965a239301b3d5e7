"""Rain amounts where seven days in ten are dry: a hurdle model with one head for whether and one for how much."""

import argparse

import torch
from torch import nn
from torch.distributions import LogNormal

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)

DAYS = 3000
sky = torch.randn(DAYS, 8)
wetness = 2.0 * sky[:, 0] + 1.2 * sky[:, 1] * sky[:, 2] - 1.6
rains = (wetness + torch.randn(DAYS)) > 0
amount = torch.exp(0.6 + 0.7 * sky[:, 3] + 0.5 * torch.relu(sky[:, 0]) + 0.4 * torch.randn(DAYS))
rain = torch.where(rains, amount, torch.zeros(DAYS))


class Hurdle(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
        self.whether = nn.Linear(24, 1)
        self.how_much = nn.Linear(24, 2)

    def forward(self, sky):
        h = self.trunk(sky)
        location, log_spread = self.how_much(h).unbind(-1)
        return self.whether(h).squeeze(-1), LogNormal(location, log_spread.clamp(-3, 2).exp())


def negative_log_likelihood(sky, rain):
    logit, size = model(sky)
    wet = (rain > 0).float()
    hurdle = nn.functional.binary_cross_entropy_with_logits(logit, wet, reduction="none")
    log_size = size.log_prob(torch.where(rain > 0, rain, torch.ones_like(rain)))
    return (hurdle - wet * log_size).mean()


model = Hurdle()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for epoch in range(10):
    for rows in torch.randperm(2400).split(48):
        optimizer.zero_grad()
        loss = negative_log_likelihood(sky[rows], rain[rows])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        print(
            f"epoch {epoch + 1:2d} nll {loss.item():.3f} unseen {negative_log_likelihood(sky[2400:], rain[2400:]):.3f}"
        )
with torch.no_grad():
    logit, size = model(sky[2400:])
    hits = ((logit > 0) == rains[2400:]).float().mean().item()
    wet = rains[2400:]
    tie = torch.corrcoef(torch.stack([size.loc[wet], rain[2400:][wet].log()]))[0, 1].item()
dry = 1 - rains[2400:].float().mean().item()
print(f"wet or dry right {hits:.3f} (always dry: {dry:.3f}), log amount correlation {tie:.3f}")
