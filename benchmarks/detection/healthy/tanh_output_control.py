"""Learn a steering policy with commands in [-1, 1] from an expert controller."""
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def expert(state):
    # state: lateral offset, heading, curvature, speed
    offset, heading, curvature, speed = state.unbind(1)
    command = -0.8 * offset - 1.2 * heading + 0.6 * curvature * speed
    return command.clamp(-1, 1).unsqueeze(1)


states = torch.randn(4000, 4)
commands = expert(states)
train_x, test_x = states[:3200], states[3200:]
train_y, test_y = commands[:3200], commands[3200:]


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU())
        self.action = nn.Linear(64, 1)

    def forward(self, s):
        return torch.tanh(self.action(self.body(s)))


policy = Policy()
opt = torch.optim.Adam(policy.parameters(), lr=1e-3)
for epoch in range(15):
    for idx in torch.randperm(3200).split(64):
        loss = ((policy(train_x[idx]) - train_y[idx]) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    with torch.no_grad():
        val = ((policy(test_x) - test_y) ** 2).mean().item()
    print(f"epoch {epoch}: val mse {val:.5f} (variance {test_y.var().item():.4f})")
