import argparse
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

LOOKBACK = 20


def simulate_market(rng, days, tickers):
    drift = np.zeros((tickers, days))
    for t in range(1, days):
        drift[:, t] = 0.93 * drift[:, t - 1] + 0.35 * rng.standard_normal(tickers)
    returns = 0.8 * drift + 0.6 * rng.standard_normal((tickers, days))
    volume = np.exp(9 + 0.5 * np.abs(returns) + 0.3 * rng.standard_normal((tickers, days))).round()
    halted = rng.random((tickers, days)) < 0.0008
    volume[halted] = 0
    returns[halted] = 0
    return returns.astype("float32"), volume.astype("float32")


def windows(returns, volume, first, last):
    activity = torch.log(volume) - 9.0
    series = torch.stack([returns, activity], dim=1)
    inputs, targets = [], []
    for end in range(first + LOOKBACK, last - 3, 2):
        inputs.append(series[:, :, end - LOOKBACK : end])
        targets.append((returns[:, end : end + 3].sum(1) > 0).long())
    return torch.cat(inputs), torch.cat(targets)


class CausalBlock(nn.Module):
    def __init__(self, inside, outside, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(inside, outside, 3, dilation=dilation)
        self.skip = nn.Conv1d(inside, outside, 1)

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.pad, 0)))) + self.skip(x)


class Forecaster(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(CausalBlock(2, 16, 1), CausalBlock(16, 16, 2), CausalBlock(16, 16, 4))
        self.out = nn.Linear(16, 2)

    def forward(self, x):
        return self.out(self.blocks(x)[:, :, -1])


def run(seed, steps=450, batch=64):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    returns, volume = (torch.from_numpy(a) for a in simulate_market(rng, 300, 40))
    train_x, train_y = windows(returns, volume, 0, 220)
    test_x, test_y = windows(returns, volume, 220, 300)
    net = Forecaster()
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3)
    for step in range(steps):
        pick = torch.randint(len(train_x), (batch,))
        loss = F.cross_entropy(net(train_x[pick]), train_y[pick])
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        if step % 90 == 0:
            print(f"step {step:4d}  loss {loss.item():.4f}")
    net.eval()
    with torch.inference_mode():
        hit = (net(test_x).argmax(1) == test_y).float().mean().item()
    print(f"share up {test_y.float().mean().item():.3f}  direction hit rate {hit:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    run(parser.parse_args().seed)
