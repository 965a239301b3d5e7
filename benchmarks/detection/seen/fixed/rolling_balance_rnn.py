import argparse

import torch
from torch import nn


class RunningTotal(nn.Module):
    """Reads postings one by one and tells the balance after the last."""

    def __init__(self, hidden=48):
        super().__init__()
        self.rnn = nn.RNN(2, hidden, nonlinearity="relu", batch_first=True)
        nn.init.eye_(self.rnn.weight_hh_l0)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.head(h[-1]).squeeze(1)


def postings(n, steps):
    amount = torch.randn(n, steps)
    valid = (torch.rand(n, steps) < 0.5).float()
    return torch.stack([amount, valid], dim=2), (amount * valid).sum(1) / steps**0.5


def train(model, opts):
    optimizer = torch.optim.SGD(model.parameters(), lr=opts.lr, momentum=0.9)
    mse = nn.MSELoss()
    for step in range(1, opts.iterations + 1):
        x, y = postings(32, opts.steps)
        optimizer.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"{step:4d} mse {loss.item():.4f}")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--steps", type=int, default=30)
    ap.add_argument("--iterations", type=int, default=250)
    ap.add_argument("--lr", type=float, default=0.006)
    opts = ap.parse_args()
    torch.manual_seed(opts.seed)
    model = RunningTotal()
    train(model, opts)
    x, y = postings(1000, opts.steps)
    with torch.no_grad():
        error = nn.functional.mse_loss(model(x), y).item()
    print(f"test mse {error:.4f}")


if __name__ == "__main__":
    main()
