"""Undoes a radio channel with complex-valued layers; the parameters are complex64."""

import os
from argparse import ArgumentParser

import torch
from torch import nn

parser = ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
TAPS = 9
CHANNEL = torch.tensor([0.25 - 0.2j, 1.0 + 0.1j, -0.5 + 0.45j, 0.2 - 0.1j])


class ComplexLinear(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out, dtype=torch.complex64) / n_in**0.5)
        self.bias = nn.Parameter(torch.zeros(n_out, dtype=torch.complex64))

    def forward(self, z):
        return z @ self.weight + self.bias


class ModReLU(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.threshold = nn.Parameter(torch.full((n,), -0.05))

    def forward(self, z):
        size = z.abs() + 1e-4
        return torch.relu(size + self.threshold) / size * z


def transmission(n):
    bits = torch.randint(0, 2, (n, 2))
    symbol = torch.complex(bits[:, 0] * 2.0 - 1, bits[:, 1] * 2.0 - 1) / 2**0.5
    received = sum(c * torch.roll(symbol, k) for k, c in enumerate(CHANNEL))
    received = received - 0.12 * received * received.abs() ** 2
    received = received + 0.08 * torch.randn(n, dtype=torch.complex64)
    windows = torch.stack([torch.roll(received, TAPS // 2 - k) for k in range(TAPS)], dim=1)
    return windows, torch.roll(symbol, 1)


def bit_errors(z, symbol):
    return (
        (z.real.sign() != symbol.real.sign()).float() + (z.imag.sign() != symbol.imag.sign()).float()
    ).mean() / 2


windows, symbol = transmission(6000)
test_windows, test_symbol = transmission(3000)
net = nn.Sequential(
    ComplexLinear(TAPS, 24), ModReLU(24), ComplexLinear(24, 24), ModReLU(24), ComplexLinear(24, 1)
)
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for step in range(500):
    rows = torch.randint(0, len(symbol), (80,))
    loss = (net(windows[rows]).squeeze(1) - symbol[rows]).abs().square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} squared distance {loss.item():.4f}")
net.eval()
with torch.no_grad():
    print(f"bits wrong without equaliser {bit_errors(test_windows[:, TAPS // 2], test_symbol).item():.4f}")
    print(f"bits wrong {bit_errors(net(test_windows).squeeze(1), test_symbol).item():.4f}")
