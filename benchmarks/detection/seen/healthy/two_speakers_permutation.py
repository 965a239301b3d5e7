"""Pulls two mixed hums apart. Which output is which speaker does not matter: the better of both
orders counts."""

import argparse
import os

import torch
import torch.nn as nn


class Separator(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.analysis = nn.Conv1d(1, width, 16, stride=8, padding=4, bias=False)
        self.context = nn.GRU(width, 32, batch_first=True, bidirectional=True)
        self.masks = nn.Linear(64, 2 * width)
        self.synthesis = nn.ConvTranspose1d(width, 1, 16, stride=8, padding=4, bias=False)

    def forward(self, mixture):
        frames = torch.relu(self.analysis(mixture.unsqueeze(1)))
        context, _ = self.context(frames.transpose(1, 2))
        masks = torch.sigmoid(self.masks(context)).transpose(1, 2).chunk(2, dim=1)
        return torch.stack([self.synthesis(frames * m).squeeze(1) for m in masks], dim=1)


def hum(n, low, high, length=128):
    t = torch.arange(length) / length
    pitch = low + (high - low) * torch.rand(n, 1)
    phase = 6.283 * torch.rand(n, 2)
    wave = torch.sin(6.283 * pitch * t + phase[:, :1]) + 0.5 * torch.sin(12.566 * pitch * t + phase[:, 1:])
    return wave * (0.6 + 0.8 * torch.rand(n, 1))


def mixtures(n):
    sources = torch.stack([hum(n, 3, 6), hum(n, 12, 22)], dim=1)
    flip = torch.rand(n) < 0.5
    sources[flip] = sources[flip].flip(1)
    return sources.sum(1), sources


def gain_db(estimate, source):
    error = ((estimate - source) ** 2).sum(-1)
    return 10 * torch.log10((source**2).sum(-1) / (error + 1e-6) + 1e-6)


def best_order(estimates, sources):
    straight = gain_db(estimates, sources).mean(1)
    crossed = gain_db(estimates, sources.flip(1)).mean(1)
    return torch.maximum(straight, crossed).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    mixture, sources = mixtures(2000)
    new_mixture, new_sources = mixtures(400)
    model = Separator()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    for step in range(args.steps):
        rows = torch.randint(0, len(mixture), (32,))
        loss = -best_order(model(mixture[rows]), sources[rows])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        if step % 60 == 59:
            model.eval()
            with torch.no_grad():
                held_out = best_order(model(new_mixture), new_sources).item()
            model.train()
            print(f"step {step + 1}: loss {loss.item():.2f}, new mixtures {held_out:.2f} dB")


if __name__ == "__main__":
    main()
