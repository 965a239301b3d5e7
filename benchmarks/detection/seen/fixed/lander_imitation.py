"""Behaviour cloning: imitate the thruster choices of a scripted landing pilot."""

import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--flights", type=int, default=80)
parser.add_argument("--epochs", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)

ACTIONS = ["coast", "main", "left", "right"]


def pilot(altitude, sink, tilt, spin, drift):
    lean = tilt + 1.5 * spin + 0.0006 * drift
    if lean > 0.03:
        return 2
    if lean < -0.03:
        return 3
    return 1 if sink > 12.0 + 0.05 * altitude else 0


def fly():
    """One descent: altitude in m, sink rate in m/s, tilt in rad, spin in rad/s, drift in m/s, fuel in kg."""
    altitude, sink = rng.uniform(1500, 6000), rng.uniform(60, 220)
    tilt, spin, drift = rng.normal(0, 0.08), rng.normal(0, 0.01), rng.normal(0, 40)
    fuel = rng.uniform(3000, 8000)
    log = []
    for _ in range(60):
        action = pilot(altitude, sink, tilt, spin, drift)
        log.append((altitude, sink, tilt, spin, drift, fuel, action))
        sink += 1.6 - (14.0 if action == 1 else 0.0) + rng.normal(0, 1.0)
        spin = 0.8 * spin + (-0.012 if action == 2 else 0.012 if action == 3 else 0.0) + rng.normal(0, 0.012)
        tilt += spin
        drift += 30 * tilt + rng.normal(0, 1.0)
        altitude = max(altitude - sink * 0.7, 1.0)
        fuel -= 25.0 if action == 1 else 4.0
    return log


flights = [np.array(fly()) for _ in range(args.flights)]
split = int(0.8 * len(flights))
train, test = np.concatenate(flights[:split]), np.concatenate(flights[split:])

state = torch.tensor(train[:, :6], dtype=torch.float32)
action = torch.tensor(train[:, 6], dtype=torch.long)
test_state = torch.tensor(test[:, :6], dtype=torch.float32)
test_action = torch.tensor(test[:, 6], dtype=torch.long)
mean, std = state.mean(dim=0), state.std(dim=0)
state, test_state = (state - mean) / std, (test_state - mean) / std


class Policy(nn.Module):
    def __init__(self, observations, actions, width=64):
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Linear(observations, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh()
        )
        self.logits = nn.Linear(width, actions)

    def forward(self, obs):
        return self.logits(self.trunk(obs))


policy = Policy(6, len(ACTIONS))
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
loader = torch.utils.data.DataLoader(
    torch.utils.data.TensorDataset(state, action), batch_size=64, shuffle=True, drop_last=True
)
for epoch in range(args.epochs):
    policy.train()
    running = 0.0
    for obs, act in loader:
        loss = nn.functional.cross_entropy(policy(obs), act)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    policy.eval()
    with torch.no_grad():
        agree = (policy(test_state).argmax(dim=1) == test_action).float().mean().item()
    print(f"epoch {epoch + 1:2d}  cloning loss {running / len(loader):.4f}  agreement {agree:.4f}")
print(f"final agreement {agree:.4f}")
