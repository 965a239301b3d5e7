import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


def sample(n):
    """Three lumps on a line through the plane."""
    centre = torch.tensor([[-2.0, -1.0], [0.0, 0.0], [2.0, 1.0]])
    return centre[torch.randint(0, 3, (n,))] + 0.35 * torch.randn(n, 2)


energy = nn.Sequential(nn.Linear(2, 48), nn.Softplus(), nn.Linear(48, 48), nn.Softplus(), nn.Linear(48, 1))
optimizer = torch.optim.Adam(energy.parameters(), lr=3e-3)


def score(x):
    return -torch.autograd.grad(energy(x).sum(), x, create_graph=True)[0]


def hyvarinen(x):
    x = x.requires_grad_()
    s = score(x)
    divergence = sum(torch.autograd.grad(s[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2))
    return (divergence + 0.5 * (s**2).sum(1)).mean()


recent = []
for step in range(400):
    loss = hyvarinen(sample(64))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recent.append(loss.item())
    if step % 80 == 79:
        x = (torch.rand(300, 2) * 6 - 3).requires_grad_()
        for _ in range(60):
            x = (x + 0.02 * score(x).detach() + 0.2 * torch.randn_like(x)).detach().requires_grad_()
        near = torch.cdist(x.detach(), torch.tensor([[-2.0, -1.0], [0.0, 0.0], [2.0, 1.0]])).min(1).values
        print(f"step {step + 1}: objective {sum(recent[-80:]) / 80:.4f}, mean distance of samples {near.mean():.4f}")
