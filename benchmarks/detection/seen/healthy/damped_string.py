"""Displacement of a damped oscillator from its equation alone: the residual is trained, no measurements are used."""
import os
import math
import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
DAMP, FREQ = 0.6, 4.0


def truth(t):
    w = math.sqrt(FREQ ** 2 - DAMP ** 2)
    return torch.exp(-DAMP * t) * (torch.cos(w * t) + DAMP / w * torch.sin(w * t))


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))

    def forward(self, t):
        # start position 1 and start speed 0 hold by construction
        return 1.0 + t ** 2 * self.net(2 * t - 1.5)


field = Field()
opt = torch.optim.Adam(field.parameters(), lr=4e-3)
STEPS = 1500
sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, STEPS, eta_min=1e-5)
for step in range(STEPS):
    t = (1.5 * torch.rand(96, 1)).requires_grad_(True)
    u = field(t)
    du = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
    ddu = torch.autograd.grad(du.sum(), t, create_graph=True)[0]
    residual = ddu + 2 * DAMP * du + FREQ ** 2 * u
    loss = residual.pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if step % 250 == 0:
        print(f"step {step} residual {loss.item():.4f}")
grid = torch.linspace(0, 1.5, 200).unsqueeze(1)
field.eval()
with torch.no_grad():
    error = (field(grid) - truth(grid)).norm() / truth(grid).norm()
print(f"relative error {error.item():.5f}")
