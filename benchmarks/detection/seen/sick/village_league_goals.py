"""Attack and defence of the teams of a league from the goals of its matches, all matches in every step."""

import argparse

import torch
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--rate", type=float, default=1.3)
opts = ap.parse_args()
torch.manual_seed(opts.seed)

TEAMS = 18
attack, defence = 0.35 * torch.randn(2, TEAMS)
attack, defence = attack - attack.mean(), defence - defence.mean()


def season(matches):
    home = torch.randint(0, TEAMS, (matches,))
    away = (home + torch.randint(1, TEAMS, (matches,))) % TEAMS
    goals = torch.poisson(torch.exp(0.4 + attack[home] - defence[away]))
    return home, away, goals


class GoalModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = nn.Parameter(torch.zeros(()))
        self.attack = nn.Embedding(TEAMS, 1)
        self.defence = nn.Embedding(TEAMS, 1)
        for table in (self.attack, self.defence):
            nn.init.normal_(table.weight, std=0.05)

    def forward(self, home, away):
        return self.base + (self.attack(home) - self.defence(away)).squeeze(1)


home, away, goals = season(2500)
test_home, test_away, test_goals = season(1500)
model = GoalModel()
criterion = nn.PoissonNLLLoss(log_input=True, full=True)
optimizer = torch.optim.SGD(model.parameters(), lr=opts.rate)
for step in range(300):
    loss = criterion(model(home, away), goals)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 30 < 2:
        print(f"step {step}: loss {loss.item():.4f}")

with torch.no_grad():
    final = criterion(model(test_home, test_away), test_goals)
    level = criterion(goals.mean().log().expand(len(test_goals)), test_goals)
print(f"test log loss {final.item():.4f} (same for all {level.item():.4f})")
