import argparse
import math
import os

import torch
import torch.nn.functional as F
from torch import nn


class Dense(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out) * math.sqrt(n_in))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight + self.bias


class MixerBlock(nn.Module):
    """Mixes over the retention windows first, over the ions of each window afterwards."""

    def __init__(self, windows, ions, hidden):
        super().__init__()
        self.over_windows = nn.Sequential(Dense(windows, hidden), nn.GELU(), Dense(hidden, windows))
        self.over_ions = nn.Sequential(Dense(ions, hidden), nn.GELU(), Dense(hidden, ions))

    def forward(self, x):
        x = x + self.over_windows(x.transpose(1, 2)).transpose(1, 2)
        return x + self.over_ions(x)


class RoastMixer(nn.Module):
    def __init__(self, windows=10, ions=12, roasts=4):
        super().__init__()
        self.embed = Dense(ions, 24)
        self.blocks = nn.ModuleList(MixerBlock(windows, 24, 32) for _ in range(2))
        self.readout = Dense(24, roasts)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = block(x)
        return self.readout(x.mean(dim=1))


def chromatograms(n, patterns, generator):
    roast = torch.randint(0, 4, (n,), generator=generator)
    strength = torch.rand(n, 1, 1, generator=generator) + 0.3
    x = strength * patterns[roast] + torch.randn(n, *patterns.shape[1:], generator=generator)
    swap = torch.rand(n, generator=generator) < 0.5
    x[swap] = x[swap].flip(1)
    return x, roast


def main(seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    patterns = 0.9 * torch.randn(4, 10, 12, generator=generator)
    x, y = chromatograms(9000, patterns, generator)
    x_val, y_val = chromatograms(500, patterns, generator)

    model = RoastMixer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    for step in range(300):
        rows = torch.randint(0, len(x), (64,))
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 50 == 49:
            with torch.no_grad():
                val_loss = F.cross_entropy(model(x_val), y_val).item()
            print(f"{step + 1}: train {loss.item():.3f} val {val_loss:.3f}")

    model.eval()
    with torch.no_grad():
        accuracy = (model(x_val).argmax(1) == y_val).float().mean().item()
    print(f"val accuracy {accuracy:.4f}")


if __name__ == "__main__":
    cli = argparse.ArgumentParser()
    cli.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    main(cli.parse_args().seed)
