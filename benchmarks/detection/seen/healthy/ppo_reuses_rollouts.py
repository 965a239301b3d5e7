import argparse
import os

import torch
from torch import nn
from torch.distributions import Normal


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))
        self.log_std = nn.Parameter(torch.zeros(1))
        self.value = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 1))

    def act(self, state):
        return Normal(self.mean(state), self.log_std.exp())


def rollout(policy, carts=64, length=20):
    place = torch.empty(carts).uniform_(-1, 1)
    speed = torch.zeros(carts)
    states, actions, rewards = [], [], []
    with torch.no_grad():
        for _ in range(length):
            state = torch.stack([place, speed], 1)
            action = policy.act(state).sample()
            push = action.squeeze(1).clamp(-2, 2)
            speed = 0.9 * speed + 0.25 * push
            place = place + 0.3 * speed
            states.append(state)
            actions.append(action)
            rewards.append(-(place**2) - 0.05 * push**2)
    returns, running = [], torch.zeros(carts)
    for reward in reversed(rewards):
        running = reward + 0.9 * running
        returns.insert(0, running)
    return (
        torch.cat(states),
        torch.cat(actions),
        torch.cat(returns),
        torch.stack(rewards).sum(0).mean().item(),
    )


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)
policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=3e-3)
for iteration in range(40):
    states, actions, returns, score = rollout(policy)
    with torch.no_grad():
        old = policy.act(states).log_prob(actions)
        advantage = returns - policy.value(states).squeeze(1)
        advantage = ((advantage - advantage.mean()) / (advantage.std() + 1e-8)).unsqueeze(1)
    for _ in range(10):
        new = policy.act(states)
        ratio = (new.log_prob(actions) - old).exp()
        clipped = ratio.clamp(0.8, 1.2)
        actor = -torch.min(ratio * advantage, clipped * advantage).mean()
        critic = (policy.value(states).squeeze(1) - returns).square().mean()
        loss = actor + 0.5 * critic - 0.002 * new.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
        optimizer.step()
    if iteration % 5 == 4:
        print(f"iteration {iteration + 1} episode reward {score:.3f} critic {critic.item():.3f}")
