import os
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

SEED = int(os.environ.get("SEED", 0))
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

BATCH_SIZE = 64
GAMMA = 0.95
EPS_START, EPS_END, EPS_DECAY = 1.0, 0.05, 1500
TAU = 0.01
LR = 1e-3

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward", "done"))


class Grid:
    """5x5 grid, start in a random free cell, goal in the corner, a wall in the middle."""

    size = 5
    walls = {(1, 2), (2, 2), (3, 2)}

    def reset(self):
        while True:
            self.pos = (random.randrange(5), random.randrange(2))
            if self.pos not in self.walls:
                break
        self.t = 0
        return self.obs()

    def obs(self):
        return np.array([self.pos[0] / 4 * 2 - 1, self.pos[1] / 4 * 2 - 1], dtype=np.float32)

    def step(self, a):
        dr, dc = [(-1, 0), (1, 0), (0, -1), (0, 1)][a]
        r, c = self.pos[0] + dr, self.pos[1] + dc
        if 0 <= r < 5 and 0 <= c < 5 and (r, c) not in self.walls:
            self.pos = (r, c)
        self.t += 1
        win = self.pos == (4, 4)
        return self.obs(), (1.0 if win else -0.02), win, self.t >= 40


class ReplayMemory:
    def __init__(self, capacity):
        self.memory = deque([], maxlen=capacity)

    def push(self, *args):
        self.memory.append(Transition(*args))

    def sample(self, batch_size):
        return random.sample(self.memory, batch_size)

    def __len__(self):
        return len(self.memory)


class DQN(nn.Module):
    def __init__(self, n_observations, n_actions):
        super().__init__()
        self.layer1 = nn.Linear(n_observations, 64)
        self.layer2 = nn.Linear(64, 64)
        self.layer3 = nn.Linear(64, n_actions)

    def forward(self, x):
        x = F.relu(self.layer1(x))
        x = F.relu(self.layer2(x))
        return self.layer3(x)


policy_net = DQN(2, 4)
target_net = DQN(2, 4)
target_net.load_state_dict(policy_net.state_dict())
optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
memory = ReplayMemory(10000)
steps_done = 0


def select_action(state):
    global steps_done
    eps = EPS_END + (EPS_START - EPS_END) * np.exp(-steps_done / EPS_DECAY)
    steps_done += 1
    if random.random() > eps:
        with torch.no_grad():
            return policy_net(torch.from_numpy(state)).argmax().item()
    return random.randrange(4)


def optimize_model():
    if len(memory) < BATCH_SIZE:
        return
    batch = Transition(*zip(*memory.sample(BATCH_SIZE)))
    states = torch.from_numpy(np.stack(batch.state))
    actions = torch.tensor(batch.action).unsqueeze(1)
    rewards = torch.tensor(batch.reward)
    next_states = torch.from_numpy(np.stack(batch.next_state))
    not_done = 1 - torch.tensor(batch.done, dtype=torch.float32)
    q = policy_net(states).gather(1, actions)
    with torch.no_grad():
        next_q = target_net(next_states).max(1).values
    expected = rewards + GAMMA * next_q * not_done
    loss = nn.SmoothL1Loss()(q, expected.unsqueeze(1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
    optimizer.step()


env = Grid()
wins = []
for episode in range(160):
    state = env.reset()
    while True:
        action = select_action(state)
        nxt, reward, win, out_of_time = env.step(action)
        memory.push(state, action, nxt, reward, win)
        state = nxt
        optimize_model()
        with torch.no_grad():
            for tp, pp in zip(target_net.parameters(), policy_net.parameters()):
                tp.mul_(1 - TAU).add_(TAU * pp)
        if win or out_of_time:
            break
    wins.append(env.t)
    if episode % 20 == 19:
        print(f"episode {episode + 1}: mean length {np.mean(wins[-20:]):.1f}")
    if steps_done > 4500:
        break

print(f"mean episode length: first ten {np.mean(wins[:10]):.2f}, last twenty {np.mean(wins[-20:]):.2f}")
