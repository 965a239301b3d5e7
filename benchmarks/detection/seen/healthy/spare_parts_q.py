"""Reorder policy for a spare-parts store, learned by Q-learning with a slow target copy."""
import argparse
import copy

import torch
from torch import nn

CAP, ORDER, GAMMA = 10, 5, 0.9


class Store:
    """Many stores side by side: state is stock and weekday, action is how much to order."""

    def __init__(self, n, gen):
        self.gen, self.n = gen, n
        self.stock = torch.randint(0, CAP + 1, (n,), generator=gen)
        self.day = torch.randint(0, 7, (n,), generator=gen)

    def observe(self):
        angle = self.day * (2 * torch.pi / 7)
        return torch.stack([self.stock / 5.0 - 1, angle.sin(), angle.cos()], 1)

    def step(self, order):
        rate = torch.where(self.day < 5, 3.0, 0.8)
        demand = torch.poisson(rate, generator=self.gen).long()
        have = (self.stock + order).clamp(max=CAP)
        sold = torch.minimum(have, demand)
        reward = 0.5 * sold - 0.2 * order - 0.06 * (have - sold) - 0.15 * (order > 0)
        self.stock, self.day = have - sold, (self.day + 1) % 7
        return reward


def play(policy, gen, weeks=8):
    store, total = Store(200, gen), 0.0
    for _ in range(7 * weeks):
        total += store.step(policy(store.observe())).mean().item()
    return total / weeks


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
seed = parser.parse_args().seed
torch.manual_seed(seed)
gen = torch.Generator().manual_seed(seed)

q = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, ORDER))
slow = copy.deepcopy(q).requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
store = Store(64, gen)
for step in range(1200):
    s = store.observe()
    with torch.no_grad():
        greedy = q(s).argmax(1)
    explore = torch.rand(len(s)) < max(0.15, 1 - step / 500)
    a = torch.where(explore, torch.randint(0, ORDER, greedy.shape), greedy)
    r = store.step(a)
    with torch.no_grad():
        target = r + GAMMA * slow(store.observe()).max(1).values
    loss = nn.functional.smooth_l1_loss(q(s).gather(1, a[:, None]).squeeze(1), target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for ps, pq in zip(slow.parameters(), q.parameters()):
            ps.lerp_(pq, 0.02)
    if step % 200 == 0:
        print(f"step {step} td loss {loss.item():.4f}")

with torch.no_grad():
    fixed_order = play(lambda o: torch.full((len(o),), 2), torch.Generator().manual_seed(99))
    learned = play(lambda o: q(o).argmax(1), torch.Generator().manual_seed(99))
print(f"always two: {fixed_order:.3f}")
print(f"weekly profit {learned:.4f}")
