import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def pendulum(state):
    angle, speed = state[..., 0], state[..., 1]
    return torch.stack([speed, -2.0 * torch.sin(angle) - 0.15 * speed], -1)


def rk4(field, state, dt):
    k1 = field(state)
    k2 = field(state + dt / 2 * k1)
    k3 = field(state + dt / 2 * k2)
    k4 = field(state + dt * k3)
    return state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def unroll(field, state, steps, dt=0.1):
    path = [state]
    for _ in range(steps):
        path.append(rk4(field, path[-1], dt))
    return torch.stack(path, 1)


with torch.no_grad():
    starts = torch.empty(80, 2).uniform_(-1.8, 1.8)
    paths = unroll(pendulum, starts, 40)
    noisy = paths + 0.01 * torch.randn_like(paths)
seen, unseen = noisy[:64], paths[64:]

field = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
nn.init.zeros_(field[-1].weight)
optimizer = torch.optim.Adam(field.parameters(), lr=5e-3)
horizon = 3
for step in range(260):
    if step % 65 == 64:
        horizon += 3
    who = torch.randint(0, len(seen), (32,))
    when = int(torch.randint(0, 40 - horizon, (1,)))
    piece = seen[who, when:when + horizon + 1]
    loss = (unroll(field, piece[:, 0], horizon) - piece).abs().mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(field.parameters(), 1.0)
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step:3d} horizon {horizon} loss {loss.item():.4f}")

with torch.no_grad():
    forecast = unroll(field, unseen[:, 0], 40)
    error = (forecast - unseen).square().mean().sqrt().item()
print(f"forecast rmse {error:.4f} against spread {unseen.std().item():.4f}")
