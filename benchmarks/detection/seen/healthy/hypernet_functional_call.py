import os

import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(int(os.environ.get("SEED", 0)))
body = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
shapes = {name: p.shape for name, p in body.named_parameters()}
for p in body.parameters():
    p.requires_grad_(False)
total = sum(s.numel() for s in shapes.values())


class HyperNetwork(nn.Module):
    """From the coefficients of a curve to the weights of the net that draws it."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, total))
        self.scale = nn.Parameter(torch.tensor(0.3))

    def forward(self, code):
        flat, weights, at = self.net(code), {}, 0
        for name, shape in shapes.items():
            weights[name] = self.scale * flat[at : at + shape.numel()].view(shape) + body.get_parameter(name)
            at += shape.numel()
        return weights


def curve(x, code):
    return code[0] * torch.sin(2 * x) + code[1] * x + 0.5 * code[2]


hyper = HyperNetwork()
optimizer = torch.optim.Adam(hyper.parameters(), lr=3e-3)
window = []
for step in range(400):
    loss = 0.0
    for _ in range(6):
        code = torch.rand(3) * 2 - 1
        x = torch.rand(24, 1) * 3 - 1.5
        loss = loss + nn.functional.mse_loss(functional_call(body, hyper(code), (x,)), curve(x, code)) / 6
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    window.append(loss.item())
    if step % 80 == 79:
        print(f"step {step + 1}: mse {sum(window[-80:]) / 80:.4f}")
