"""Learns the echo path of a room as a long filter, from one recording at once."""
import os

import torch
from torch import nn


class EchoPath(nn.Module):
    def __init__(self, taps=24):
        super().__init__()
        self.taps = taps
        self.filter = nn.Conv1d(1, 1, taps, bias=False)
        nn.init.zeros_(self.filter.weight)

    def forward(self, far_end):
        return self.filter(nn.functional.pad(far_end, (self.taps - 1, 0)))


def log_cosh(error):
    error = error.abs()
    return (error + nn.functional.softplus(-2 * error) - 0.6931471805599453).mean()


def coloured_noise(n):
    drive = torch.randn(n)
    out = torch.zeros(n)
    for i in range(1, n):
        out[i] = 0.6 * out[i - 1] + 0.8 * drive[i]
    return out.view(1, 1, -1)


def main():
    torch.manual_seed(int(os.environ.get("SEED", 0)))
    room = torch.randn(24) * torch.exp(-torch.arange(24) / 6.0) * 1.5

    def microphone(x):
        return nn.functional.conv1d(nn.functional.pad(x, (23, 0)), room.view(1, 1, -1))

    far, far_later = coloured_noise(1500), coloured_noise(800)
    near = microphone(far) + 0.05 * torch.randn_like(far)
    near_later = microphone(far_later)

    model = EchoPath()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    for iteration in range(400):
        optimizer.zero_grad()
        loss = log_cosh(model(far) - near)
        loss.backward()
        optimizer.step()
        if iteration % 50 == 0:
            print(f"iteration {iteration:4d}  loss {loss.item():.5f}")

    with torch.no_grad():
        left = (model(far_later) - near_later).var()
        attenuation = 10 * torch.log10(near_later.var() / left)
    print(f"echo attenuation {attenuation.item():.2f} dB")


if __name__ == "__main__":
    main()
