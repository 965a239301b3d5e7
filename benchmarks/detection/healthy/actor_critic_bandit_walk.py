import os

import numpy as np
import torch
import torch.nn as nn
from torch.distributions import Categorical

seed = int(os.environ.get("SEED", 1))
np.random.seed(seed)
torch.manual_seed(seed)


class Balance:
    """A point on a line is pushed left or right against random wind; it must stay near zero."""

    def reset(self):
        self.x, self.v, self.t = np.random.uniform(-0.5, 0.5), 0.0, 0
        return np.array([self.x, self.v], dtype=np.float32)

    def step(self, a):
        self.v += 0.1 * (1 if a else -1) + np.random.normal(0, 0.05)
        self.x += 0.2 * self.v
        self.t += 1
        fell = abs(self.x) > 1
        return np.array([self.x, self.v], dtype=np.float32), 1.0 - abs(self.x), fell or self.t >= 60


class ActorCritic(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Linear(2, 64)
        self.actor = nn.Linear(64, 2)
        self.critic = nn.Linear(64, 1)

    def forward(self, s):
        h = torch.tanh(self.shared(s))
        return Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


net = ActorCritic()
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
env, lengths = Balance(), []
for update in range(90):
    states, actions, returns = [], [], []
    for _ in range(4):
        s, done, rewards = env.reset(), False, []
        while not done:
            states.append(s)
            with torch.no_grad():
                a = net(torch.from_numpy(s))[0].sample().item()
            actions.append(a)
            s, r, done = env.step(a)
            rewards.append(r)
        lengths.append(sum(rewards))
        R, acc = 0.0, []
        for r in reversed(rewards):
            R = r + 0.95 * R
            acc.append(R)
        returns += acc[::-1]
    dist, value = net(torch.from_numpy(np.array(states)))
    ret = torch.tensor(returns, dtype=torch.float32) / 10
    adv = (ret - value).detach()
    adv = (adv - adv.mean()) / (adv.std() + 1e-6)
    loss = -(dist.log_prob(torch.tensor(actions)) * adv).mean() + nn.functional.mse_loss(value, ret) - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.5)
    opt.step()
    if update % 15 == 0:
        print(f"update {update} loss {loss.item():.4f} mean return {np.mean(lengths[-20:]):.2f}")
print(f"return: first 20 episodes {np.mean(lengths[:20]):.2f}, last 40 episodes {np.mean(lengths[-40:]):.2f}")
