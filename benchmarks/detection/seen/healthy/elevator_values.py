"""Value of waiting for an elevator: fitted Q iteration on logged transitions, with a slow copy for the targets."""
import os
import copy
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
GAMMA, ACTIONS = 0.9, 3


def move(state, action):
    pos, call = state[:, 0], state[:, 1]
    pos = (pos + 0.25 * (action.float() - 1)).clamp(-1, 1)
    reward = -(pos - call).abs()
    call = torch.where(torch.rand(len(call)) < 0.15, torch.rand(len(call)) * 2 - 1, call)
    return torch.stack([pos, call], 1), reward


state = torch.rand(8000, 2) * 2 - 1
action = torch.randint(0, ACTIONS, (8000,))
after, reward = move(state, action)


def make():
    return nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, ACTIONS))


q = make()
slow = copy.deepcopy(q)
for p in slow.parameters():
    p.requires_grad_(False)
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
for step in range(1500):
    idx = torch.randint(0, len(state), (128,))
    with torch.no_grad():
        target = reward[idx] + GAMMA * slow(after[idx]).max(1).values
    value = q(state[idx]).gather(1, action[idx, None]).squeeze(1)
    loss = nn.functional.smooth_l1_loss(value, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for a, b in zip(slow.parameters(), q.parameters()):
            a.lerp_(b, 0.02)
    if step % 250 == 0:
        print(f"step {step} td loss {loss.item():.5f} mean value {value.mean().item():.3f}")

q.eval()
with torch.no_grad():
    s, total, chance_s, chance = torch.rand(1000, 2) * 2 - 1, 0.0, torch.rand(1000, 2) * 2 - 1, 0.0
    for _ in range(30):
        s, r = move(s, q(s).argmax(1))
        total += r.mean().item()
        chance_s, r = move(chance_s, torch.randint(0, ACTIONS, (1000,)))
        chance += r.mean().item()
print(f"random return {chance / 30:.4f}")
print(f"mean reward {total / 30:.4f}")
