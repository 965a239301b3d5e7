import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
policy = nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 1))
optimizer = torch.optim.Adam(policy.parameters(), lr=0.06)
POPULATION, SIGMA = 16, 0.15


@torch.no_grad()
def episode(vector, starts, length=60):
    """Cart with a pole, many starts at once; reward for each step that the pole stands."""
    nn.utils.vector_to_parameters(vector, policy.parameters())
    s, reward, up = starts.clone(), 0.0, torch.ones(len(starts))
    for _ in range(length):
        force = 8 * torch.tanh(policy(s)).squeeze(1)
        x, v, a, w = s.unbind(1)
        turn = 10 * torch.sin(a) - 1.5 * force * torch.cos(a)
        s = torch.stack([x + 0.03 * v, v + 0.03 * force, a + 0.03 * w, w + 0.03 * turn], 1)
        up = up * (a.abs() < 0.4) * (x.abs() < 2.5)
        s = s.clamp(-10, 10)
        reward += up.mean().item() / length
    return reward


for generation in range(25):
    centre = nn.utils.parameters_to_vector(policy.parameters()).detach().clone()
    starts = 0.1 * torch.randn(12, 4)
    noise = torch.randn(POPULATION, len(centre))
    gain = torch.tensor([episode(centre + SIGMA * e, starts) - episode(centre - SIGMA * e, starts) for e in noise])
    gradient = -(gain[:, None] * noise).mean(0) / (2 * SIGMA)
    nn.utils.vector_to_parameters(centre, policy.parameters())
    at = 0
    for p in policy.parameters():
        p.grad = gradient[at : at + p.numel()].view_as(p).clone()
        at += p.numel()
    optimizer.step()
    if generation % 4 == 0 or generation == 24:
        now = nn.utils.parameters_to_vector(policy.parameters()).detach().clone()
        print(f"generation {generation}: share of time upright {episode(now, 0.1 * torch.randn(64, 4)):.4f}")
