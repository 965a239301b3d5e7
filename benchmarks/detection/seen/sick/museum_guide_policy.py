"""A guide learns which of eight tours to offer to whom; visitors answer with points (policy gradient)."""

import os

import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(int(os.environ.get("SEED", 0)))

TOURS, TRAITS = 8, 6
wishes = torch.randn(TRAITS, TOURS, generator=torch.Generator().manual_seed(11))


def visitors(n):
    return torch.randn(n, TRAITS)


def points(visitor, tour):
    liking = (visitor @ wishes).gather(1, tour.unsqueeze(1)).squeeze(1)
    return 60.0 + 3.0 * liking + torch.randn(len(tour))


class Guide(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(TRAITS, 32), nn.Tanh(), nn.Linear(32, TOURS))

    def forward(self, visitor):
        return Categorical(logits=self.body(visitor))


guide = Guide()
optimizer = torch.optim.SGD(guide.parameters(), lr=0.02)
average = 60.0
for step in range(600):
    visitor = visitors(32)
    policy = guide(visitor)
    tour = policy.sample()
    reward = points(visitor, tour)
    average = 0.95 * average + 0.05 * reward.mean().item()
    loss = -(policy.log_prob(tour) * reward).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: points {average:.2f}")

visitor = visitors(2000)
with torch.no_grad():
    choice = guide(visitor).probs.argmax(1)
best = (visitor @ wishes).argmax(1)
print(f"best tour offered {(choice == best).float().mean().item():.4f}")
