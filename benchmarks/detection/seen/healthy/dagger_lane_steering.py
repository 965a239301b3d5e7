"""Imitation with a growing data set: the student drives, the expert corrects, all of it is learned again."""

import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def expert(state):
    place, angle, turn, wind = state.unbind(-1)
    wanted = -0.6 * place.clamp(-1.5, 1.5) - 0.3 * wind
    return torch.tanh(2 * (wanted - angle) - 1.2 * turn)[:, None]


def move(state, wheel):
    place, angle, turn, wind = state.unbind(-1)
    return torch.stack(
        [
            place + 0.2 * (torch.sin(angle) + 0.3 * wind),
            angle + 0.2 * turn,
            0.9 * turn + 0.3 * wheel.squeeze(-1),
            0.97 * wind + 0.15 * torch.randn_like(wind),
        ],
        -1,
    )


def drive(policy, cars, steps=40):
    state, seen, cost = torch.randn(cars, 4) * 0.6, [], 0.0
    for _ in range(steps):
        seen.append(state)
        with torch.no_grad():
            state = move(state, policy(state))
        cost += state[:, 0].pow(2).mean().item() / steps
    return torch.cat(seen), cost


student = nn.Sequential(
    nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1), nn.Tanh()
)
optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)
states, _ = drive(expert, 2)
labels = expert(states)
print(
    "cost of the expert %.3f, of doing nothing %.3f"
    % (drive(expert, 200)[1], drive(lambda s: torch.zeros(len(s), 1), 200)[1])
)

for round_number in range(8):
    for _ in range(80):
        rows = torch.randint(len(states), (64,))
        loss = nn.functional.mse_loss(student(states[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fresh, cost = drive(student, 10)
    states, labels = torch.cat([states, fresh]), torch.cat([labels, expert(fresh)])
    print(
        f"round {round_number}: rows {len(states)}, last loss {loss.item():.5f}, cost {cost:.3f}"
    )
print("final cost over 200 cars %.3f" % drive(student, 200)[1])
