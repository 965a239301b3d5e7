"""Critic for a swinging pendulum: discounted cost of the next steps under a fixed controller."""
import os

import numpy as np
import torch
import torch.nn as nn

seed = int(os.getenv("SEED", "0"))
np.random.seed(seed)
torch.manual_seed(seed)


def simulate(n, horizon=12, gamma=0.9):
    theta = np.random.uniform(-np.pi, np.pi, n)
    speed = np.random.uniform(-4, 4, n)
    action = np.random.uniform(-2, 2, n)
    inputs = np.stack([np.cos(theta), np.sin(theta), speed / 4, action / 2], axis=1)
    cost = np.zeros(n)
    u = action
    for k in range(horizon):
        wrapped = (theta + np.pi) % (2 * np.pi) - np.pi
        cost += gamma**k * (wrapped**2 + 0.1 * speed**2 + 0.001 * u**2)
        speed = np.clip(speed + (15 * np.sin(theta) + 3 * u) * 0.05, -8, 8)
        theta = theta + speed * 0.05
        u = np.clip(-2 * wrapped - 0.5 * speed, -2, 2)
    return torch.tensor(inputs, dtype=torch.float32), torch.tensor(cost, dtype=torch.float32)[:, None]


class Critic(nn.Module):
    def __init__(self, hidden=64, init_w=3e-3):
        super().__init__()
        self.fc1 = nn.Linear(4, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, hidden)
        self.q = nn.Linear(hidden, 1)
        self.q.weight.data.uniform_(-init_w, init_w)
        self.q.bias.data.uniform_(-init_w, init_w)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        x = torch.relu(self.fc3(x))
        return self.q(x)


x, cost = simulate(4000)
x_test, cost_test = simulate(1000)
mean, std = cost.mean(), cost.std()
target = (cost - mean) / std

critic = Critic()
optimizer = torch.optim.SGD(critic.parameters(), lr=0.02, momentum=0.9)
mse = nn.MSELoss()

for update in range(700):
    batch = torch.from_numpy(np.random.randint(0, len(x), 64))
    value_loss = mse(critic(x[batch]), target[batch])
    optimizer.zero_grad()
    value_loss.backward()
    optimizer.step()
    if update % 100 == 0:
        print(f"update {update} value loss {value_loss.item():.4f}")

critic.eval()
with torch.no_grad():
    predicted = critic(x_test) * std + mean
    r2 = 1 - ((predicted - cost_test) ** 2).sum() / ((cost_test - cost_test.mean()) ** 2).sum()
print(f"test R2 {r2.item():.4f}")
