"""DDPM on a two-dimensional spiral."""
import argparse
import os

import numpy as np
import torch
import torch.nn as nn


class SinusoidalEmbedding(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, t):
        half = self.size // 2
        freqs = torch.exp(-np.log(10000.0) * torch.arange(half) / (half - 1))
        arg = t[:, None].float() * freqs[None]
        return torch.cat([arg.sin(), arg.cos()], dim=-1)


class NoiseModel(nn.Module):
    def __init__(self, hidden=96, emb=32):
        super().__init__()
        self.time = SinusoidalEmbedding(emb)
        self.input = nn.Linear(2 + emb, hidden)
        self.mid1 = nn.Linear(hidden, hidden)
        self.mid2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 2)
        self.act = nn.GELU()

    def forward(self, x, t):
        h = self.act(self.input(torch.cat([x, self.time(t)], 1)))
        h = h + self.act(self.mid1(h))
        h = h + self.act(self.mid2(h))
        return self.out(h)


def spiral(n):
    theta = 1.5 * np.pi * (1 + 2 * torch.rand(n)) / 2
    return torch.stack([theta * torch.cos(theta), theta * torch.sin(theta)], 1) / 4 + 0.03 * torch.randn(n, 2)


def main(config):
    torch.manual_seed(config.seed)
    betas = torch.linspace(1e-4, 0.05, config.timesteps)
    alphas_bar = torch.cumprod(1 - betas, 0)
    model = NoiseModel()
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr)
    data = spiral(8000)
    smooth = None
    for step in range(config.steps):
        x0 = data[torch.randint(0, len(data), (256,))]
        t = torch.randint(0, config.timesteps, (256,))
        noise = torch.randn_like(x0)
        a = alphas_bar[t][:, None]
        pred = model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t)
        loss = nn.functional.mse_loss(pred, noise)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        smooth = loss.item() if smooth is None else 0.99 * smooth + 0.01 * loss.item()
        if step % 200 == 0:
            print(f"step {step} loss {loss.item():.4f} smoothed {smooth:.4f}")

    model.eval()
    x = torch.randn(1000, 2)
    with torch.no_grad():
        for t in reversed(range(config.timesteps)):
            eps = model(x, torch.full((1000,), t))
            x = (x - betas[t] / (1 - alphas_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()
            if t:
                x = x + betas[t].sqrt() * torch.randn_like(x)
    ref = spiral(1000)
    ed = 2 * torch.cdist(x, ref).mean() - torch.cdist(x, x).mean() - torch.cdist(ref, ref).mean()
    print(f"energy distance {ed.item():.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--timesteps", type=int, default=60)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    main(parser.parse_args())
