"""Eight networks trained at once as one stacked tensor per layer; the spread of their forecasts is the uncertainty."""
import copy
import os

import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(int(os.environ.get("SEED", 0)))
MEMBERS = 8
x = torch.cat([torch.rand(90, 1) * 2 - 3, torch.rand(90, 1) * 2 + 1])
y = torch.sin(1.5 * x) + 0.15 * torch.randn_like(x)


def member():
    return nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))


nets = [member() for _ in range(MEMBERS)]
params, buffers = stack_module_state(nets)
skeleton = copy.deepcopy(nets[0]).to("meta")
values = [p.requires_grad_() for p in params.values()]
optimizer = torch.optim.Adam(values, lr=8e-3)


def call(p, b, data):
    return functional_call(skeleton, (p, b), (data,))


for step in range(400):
    # every member sees a sample of its own
    rows = torch.randint(0, len(x), (MEMBERS, 60))
    out = vmap(call)(params, buffers, x[rows])
    loss = (out - y[rows]).square().mean((1, 2)).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 79:
        print(f"step {step + 1} mean member loss {loss.item() / MEMBERS:.4f}")

with torch.no_grad():
    inside = torch.linspace(-2.8, -1.2, 50).unsqueeze(1)
    gap = torch.linspace(-0.4, 0.4, 50).unsqueeze(1)
    near = vmap(call, (0, 0, None))(params, buffers, inside)
    far = vmap(call, (0, 0, None))(params, buffers, gap)
    rmse = (near.mean(0) - torch.sin(1.5 * inside)).square().mean().sqrt().item()
print(f"rmse {rmse:.4f} spread where data is {near.std(0).mean():.4f} and in the gap {far.std(0).mean():.4f}")
