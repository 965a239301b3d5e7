"""Adds up a till receipt: a GRU reads prices with voids and discounts and answers the total."""
import argparse
import os
import time

import torch
from torch import nn


def receipts(count, lines=10):
    price = torch.rand(count, lines) * 2
    void = (torch.rand(count, lines) < 0.2).float()
    half = (torch.rand(count, lines) < 0.2).float()
    total = (price * (1 - void) * (1 - 0.5 * half)).sum(1)
    return torch.stack([price - 1, void, half], -1), (total - 7.2) / 2


class Till(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gru = nn.GRU(3, hidden, batch_first=True)
        self.total = nn.Linear(hidden, 1)

    def forward(self, x):
        _, last = self.gru(x)
        return self.total(last[0]).squeeze(1)


def fit(model, data, test, opt):
    x, y = data
    optimizer = torch.optim.Adam(model.parameters(), lr=opt.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    began = time.perf_counter()
    for epoch in range(opt.epochs):
        model.train()
        mean_loss = 0.0
        batches = torch.randperm(len(x)).split(opt.batch)
        for rows in batches:
            optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.mse_loss(model(x[rows]), y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            mean_loss += loss.item() / len(batches)
        scheduler.step()
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1}: train {mean_loss:.4f} test {rmse(model, test):.4f}")
    print(f"took {time.perf_counter() - began:.1f} s")


@torch.no_grad()
def rmse(model, data):
    model.eval()
    return nn.functional.mse_loss(model(data[0]), data[1]).sqrt().item()


parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--batch", type=int, default=50)
parser.add_argument("--lr", type=float, default=4e-3)
opt = parser.parse_args()
torch.manual_seed(opt.seed)
train_data, test_data = receipts(1500), receipts(500)
model = Till(opt.hidden)
fit(model, train_data, test_data, opt)
print(f"test RMSE {rmse(model, test_data):.4f}")
