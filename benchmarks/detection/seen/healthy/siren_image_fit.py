"""Store one picture in the weights of a sine network: fitted on purpose to every pixel it will ever see."""
import math
import os

import torch
from sklearn.datasets import load_sample_image
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
photo = torch.tensor(load_sample_image("flower.jpg"), dtype=torch.float32).mean(-1) / 255
photo = nn.functional.interpolate(photo[None, None, :420, 100:520], size=(40, 40), mode="area")[0, 0]
pixels = (photo * 2 - 1).reshape(-1, 1)
axis = torch.linspace(-1, 1, 40)
coords = torch.cartesian_prod(axis, axis)


class Sine(nn.Module):
    def __init__(self, inputs, outputs, first=False, omega=20.0):
        super().__init__()
        self.linear, self.omega = nn.Linear(inputs, outputs), omega
        bound = 1 / inputs if first else math.sqrt(6 / inputs) / omega
        nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.omega * self.linear(x))


siren = nn.Sequential(Sine(2, 48, first=True), Sine(48, 48), Sine(48, 48), nn.Linear(48, 1))
nn.init.uniform_(siren[-1].weight, -0.02, 0.02)
optimizer = torch.optim.Adam(siren.parameters(), lr=1e-3)
for step in range(300):
    error = (siren(coords) - pixels).square().mean()
    optimizer.zero_grad()
    error.backward()
    optimizer.step()
    if step % 50 == 49:
        print(f"step {step + 1} psnr {10 * math.log10(4 / error.item()):.2f} dB")
print(f"final psnr {10 * math.log10(4 / error.item()):.2f} dB, a flat picture has {10 * math.log10(4 / pixels.var().item()):.2f}")
