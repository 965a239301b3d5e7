"""Fit the critic of a point-mass task on rollouts of a fixed policy, with the clipped value loss of PPO."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn

GAMMA = 0.95
HORIZON = 40


class PointMass:
    def __init__(self, rng):
        self.rng = rng

    def reset(self):
        self.pos = self.rng.uniform(-2, 2, 2)
        self.vel = self.rng.uniform(-0.5, 0.5, 2)
        return np.concatenate([self.pos, self.vel])

    def step(self, force):
        self.vel = 0.9 * self.vel + 0.2 * force
        self.pos = self.pos + 0.3 * self.vel
        reward = 1.0 - np.linalg.norm(self.pos)
        return np.concatenate([self.pos, self.vel]), reward


def rollout(env, episodes):
    observations, returns = [], []
    for _ in range(episodes):
        obs = env.reset()
        seen, rewards = [], []
        for _ in range(HORIZON):
            seen.append(obs)
            force = -0.6 * obs[:2] + env.rng.normal(0, 0.4, 2)
            obs, reward = env.step(force)
            rewards.append(reward)
        total, tail = 0.0, []
        for reward in reversed(rewards):
            total = reward + GAMMA * total
            tail.append(total)
        # the end of an episode is cut off, so only its first half has trustworthy returns
        observations += seen[: HORIZON // 2]
        returns += tail[::-1][: HORIZON // 2]
    return torch.tensor(np.array(observations), dtype=torch.float32), torch.tensor(returns, dtype=torch.float32)


class Critic(nn.Module):
    def __init__(self, obs_dim):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(obs_dim, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.value = nn.Linear(64, 1)

    def forward(self, obs):
        return self.value(self.body(obs))


def value_loss(values, old_values, returns, clip=1.0):
    clipped = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.max((values - returns).square(), (clipped - returns).square()).mean()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
env = PointMass(np.random.default_rng(args.seed))
critic = Critic(4)
optimizer = torch.optim.Adam(critic.parameters(), lr=3e-3, eps=1e-5)

for iteration in range(12):
    obs, returns = rollout(env, 30)
    scale_mean, scale_std = (returns.mean(), returns.std()) if iteration == 0 else (scale_mean, scale_std)
    targets = (returns - scale_mean) / scale_std
    with torch.no_grad():
        old = critic(obs)
    for _ in range(4):
        for idx in torch.randperm(len(obs)).split(60):
            loss = value_loss(critic(obs[idx]), old[idx], targets[idx])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(critic.parameters(), 0.5)
            optimizer.step()
    print(f"iteration {iteration:2d} value loss {loss.item():.4f}")

with torch.no_grad():
    obs, returns = rollout(env, 60)
    predicted = critic(obs).reshape(-1) * scale_std + scale_mean
    explained = 1 - ((returns - predicted) ** 2).mean() / returns.var()
print(f"explained variance {explained.item():.4f}")
