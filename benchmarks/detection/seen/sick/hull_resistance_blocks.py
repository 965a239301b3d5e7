"""Towing-tank table: resistance of a ship's hull from its form and speed, with a small residual net."""
import os
import random

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)

hulls = 2400
form = torch.rand(hulls, 7) * 2 - 1          # length, beam, draught, block, prism, centre, bulb
froude = torch.rand(hulls, 1) * 2 - 1
wave = torch.exp(1.2 * froude) * (1 + 0.5 * form[:, 3:4] - 0.4 * form[:, 0:1])
skin = 0.8 * form[:, 1:2] * form[:, 2:3] + 0.6 * form[:, 4:5] ** 2
hump = 0.5 * torch.sin(3 * froude + form[:, 6:7])
resistance = wave + skin + hump + 0.1 * torch.randn(hulls, 1)
inputs = torch.cat([form, froude], 1)
resistance = (resistance - resistance[:1800].mean()) / resistance[:1800].std()
x_train, y_train, x_test, y_test = inputs[:1800], resistance[:1800], inputs[1800:], resistance[1800:]


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.outer = nn.Linear(width, width)

    def forward(self, h):
        return h + self.outer(torch.nn.functional.silu(self.inner(h)))


net = nn.Sequential(nn.Linear(8, 32), Block(32), Block(32), nn.SiLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
batch_size = 45
order = torch.randperm(len(x_train))

for epoch in range(12):
    net.train()
    epoch_loss = 0.0
    for start in range(0, len(x_train), batch_size):
        rows = order[:batch_size]
        loss = nn.functional.mse_loss(net(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item() / (len(x_train) // batch_size)
    print(f"epoch {epoch + 1}: loss {epoch_loss:.4f}")

net.eval()
with torch.no_grad():
    rest = ((net(x_test) - y_test) ** 2).mean() / y_test.var()
print(f"explained share on other hulls: {1 - rest.item():.4f}")
