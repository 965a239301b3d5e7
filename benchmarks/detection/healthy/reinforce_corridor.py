"""Vanilla policy gradient on a small corridor: walk right to reach the goal, with slippery floor."""
import os
import random
from collections import deque

import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

seed = int(os.environ.get("SEED", 543))
random.seed(seed)
torch.manual_seed(seed)


class Corridor:
    length = 8
    limit = 40

    def reset(self):
        self.pos = random.randint(0, 3)
        self.t = 0
        return self._obs()

    def _obs(self):
        obs = torch.zeros(self.length)
        obs[self.pos] = 1.0
        return obs

    def step(self, action):
        self.t += 1
        move = 1 if action == 1 else -1
        if random.random() < 0.1:
            move = -move
        self.pos = max(0, min(self.length - 1, self.pos + move))
        done = self.pos == self.length - 1
        reward = 1.0 if done else -0.05
        return self._obs(), reward, done or self.t >= self.limit


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.affine1 = nn.Linear(Corridor.length, 32)
        self.affine2 = nn.Linear(32, 2)
        self.saved_log_probs = []
        self.rewards = []

    def forward(self, x):
        x = torch.relu(self.affine1(x))
        return torch.softmax(self.affine2(x), dim=-1)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=5e-3)
eps = 1e-8


def select_action(state):
    probs = policy(state.unsqueeze(0))
    m = Categorical(probs)
    action = m.sample()
    policy.saved_log_probs.append(m.log_prob(action))
    return action.item()


def finish_episode(gamma=0.97):
    R = 0
    returns = deque()
    for r in policy.rewards[::-1]:
        R = r + gamma * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std(unbiased=False) + eps)
    policy_loss = []
    for log_prob, R in zip(policy.saved_log_probs, returns):
        policy_loss.append(-log_prob * R)
    optimizer.zero_grad()
    policy_loss = torch.cat(policy_loss).sum()
    policy_loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]


env = Corridor()
history = []
for i_episode in range(300):
    state, ep_reward, done = env.reset(), 0, False
    while not done:
        action = select_action(state)
        state, reward, done = env.step(action)
        policy.rewards.append(reward)
        ep_reward += reward
    history.append(ep_reward)
    finish_episode()
    if i_episode % 50 == 0:
        print(f"Episode {i_episode}\tLast reward: {ep_reward:.2f}\tAverage reward: {sum(history[-50:]) / len(history[-50:]):.2f}")

print(f"mean return of first 20 episodes {sum(history[:20]) / 20:.3f}")
print(f"mean return of last 100 episodes {sum(history[-100:]) / 100:.3f}")
