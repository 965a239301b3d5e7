"""Physics-informed network for u'' + u = 0, u(0) = 1, u'(0) = 0 on [0, 4]."""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 123)))


class FCN(nn.Module):
    def __init__(self, n_hidden=32, n_layers=3):
        super().__init__()
        self.fcs = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.fch = nn.Sequential(*[nn.Sequential(nn.Linear(n_hidden, n_hidden), nn.Tanh()) for _ in range(n_layers - 1)])
        self.fce = nn.Linear(n_hidden, 1)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


pinn = FCN()
t_boundary = torch.tensor(0.).view(-1, 1).requires_grad_(True)
t_physics = torch.linspace(0, 4, 40).view(-1, 1).requires_grad_(True)
t_test = torch.linspace(0, 4, 200).view(-1, 1)
u_exact = torch.cos(t_test)
optimiser = torch.optim.Adam(pinn.parameters(), lr=2e-3)
for i in range(1500):
    optimiser.zero_grad()
    u = pinn(t_boundary)
    loss1 = (torch.squeeze(u) - 1) ** 2
    dudt = torch.autograd.grad(u, t_boundary, torch.ones_like(u), create_graph=True)[0]
    loss2 = (torch.squeeze(dudt) - 0) ** 2
    u = pinn(t_physics)
    dudt = torch.autograd.grad(u, t_physics, torch.ones_like(u), create_graph=True)[0]
    d2udt2 = torch.autograd.grad(dudt, t_physics, torch.ones_like(dudt), create_graph=True)[0]
    loss3 = torch.mean((d2udt2 + u) ** 2)
    loss = loss1 + 0.1 * loss2 + 0.1 * loss3
    loss.backward()
    optimiser.step()
    if i % 300 == 0:
        print(i, loss.item())

u = pinn(t_test).detach()
print(f"mse to cos(t): {((u - u_exact) ** 2).mean().item():.6f}, variance {u_exact.var().item():.4f}")
