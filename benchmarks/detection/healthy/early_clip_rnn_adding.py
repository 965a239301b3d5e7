"""Adding problem: sum the two marked numbers of a sequence. Gradients are clipped only while training settles."""
import argparse
import os

import torch
from torch import nn


def adding_problem(n, length):
    values = torch.rand(n, length)
    mask = torch.zeros(n, length)
    first = torch.randint(0, length // 2, (n,))
    second = torch.randint(length // 2, length, (n,))
    rows = torch.arange(n)
    mask[rows, first] = 1
    mask[rows, second] = 1
    target = (values * mask).sum(1, keepdim=True)
    return torch.stack([values, mask], dim=2), target


class Adder(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)

    def forward(self, x):
        _, h = self.gru(x)
        return self.fc(h[-1])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seq-len", type=int, default=20)
    p.add_argument("--steps", type=int, default=900)
    p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 1111)))
    args = p.parse_args()
    torch.manual_seed(args.seed)

    x_test, y_test = adding_problem(1000, args.seq_len)
    model = Adder(32)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    mse = nn.MSELoss()
    for step in range(1, args.steps + 1):
        x, y = adding_problem(64, args.seq_len)
        optimizer.zero_grad()
        loss = mse(model(x), y)
        loss.backward()
        if step <= 100:
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        if step % 100 == 0:
            model.eval()
            with torch.no_grad():
                test = mse(model(x_test), y_test).item()
            model.train()
            print(f"step {step:4d}  train {loss.item():.5f}  test mse {test:.5f}  (predict 1.0: {y_test.sub(1).pow(2).mean():.5f})")


if __name__ == "__main__":
    main()
