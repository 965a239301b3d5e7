"""Glucose in half an hour from two hours of readings, meals and insulin. Two LSTMs on top of each other."""

import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def simulate_patients(n, length=24, ahead=6):
    total = length + ahead
    meals = (torch.rand(n, total) < 0.08).float() * (1 + torch.rand(n, total))
    doses = (torch.rand(n, total) < 0.06).float() * (1 + torch.rand(n, total))
    gut, active = torch.zeros(n), torch.zeros(n)
    level = 1.5 * torch.randn(n)
    trace = []
    for t in range(total):
        gut = 0.85 * gut + meals[:, t]
        active = 0.88 * active + doses[:, t]
        level = 0.96 * level + 0.55 * gut - 0.6 * active + 0.08 * torch.randn(n)
        trace.append(level)
    trace = torch.stack(trace, 1)  # mmol/L above the patient's own average
    meals[:, length:] = 0
    x = torch.stack([trace[:, :length] / 3, meals[:, :length], doses[:, :length]], dim=2)
    # what the level would be without anything eaten or injected from now on
    gut_now, act_now, future = torch.zeros(n), torch.zeros(n), trace[:, length - 1].clone()
    for t in range(length):
        gut_now = 0.85 * gut_now + meals[:, t]
        act_now = 0.88 * act_now + doses[:, t]
    for _ in range(ahead):
        gut_now, act_now = 0.85 * gut_now, 0.88 * act_now
        future = 0.96 * future + 0.55 * gut_now - 0.6 * act_now
    return x, (future + 0.15 * torch.randn(n)).unsqueeze(1)


class Forecaster(nn.Module):
    def __init__(self, hidden=24):
        super().__init__()
        self.lstm1 = nn.LSTM(3, hidden, batch_first=True)
        self.lstm2 = nn.LSTM(hidden, hidden, batch_first=True)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, x):
        h, _ = self.lstm1(x)
        h, _ = self.lstm2(h)
        return self.readout(h[:, -1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x, y = simulate_patients(2000)
    loader = DataLoader(TensorDataset(x[:1500], y[:1500]), batch_size=50, shuffle=True)
    model = Forecaster()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_fn = nn.MSELoss()
    for epoch in range(args.epochs):
        model.train()
        losses = []
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            val = loss_fn(model(x[1500:]), y[1500:]).item()
        print(f"epoch {epoch:2d}  train {sum(losses) / len(losses):.3f}  valid {val:.3f}")
    print(f"share of variance explained: {1 - val / y[1500:].var().item():.4f}")


if __name__ == "__main__":
    main()
