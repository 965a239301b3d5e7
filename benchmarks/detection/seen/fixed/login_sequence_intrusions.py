"""Reads the last twelve log-in events of an account and says whether it has been taken over."""
import argparse
import os
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn as nn


@dataclass
class Config:
    events: int = 12
    hidden: int = 24
    lr: float = 2e-3
    epochs: int = 8
    batch: int = 64
    seed: int = 0


def make_accounts(count, rng, cfg):
    taken = (rng.random(count) < 0.04).astype(int)
    kind = rng.integers(0, 6, (count, cfg.events))
    numbers = rng.normal(0, 1, (count, cfg.events, 3))
    start = rng.integers(2, 8, count)
    for i in np.flatnonzero(taken):
        numbers[i, start[i]:] += np.array([0.5, -0.35, 0.3])
        swap = rng.random(cfg.events - start[i]) < 0.25
        kind[i, start[i]:][swap] = 5
    return torch.tensor(kind), torch.tensor(numbers, dtype=torch.float32), torch.tensor(taken)


class AccountReader(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.kind = nn.Embedding(6, 6)
        self.gru = nn.GRU(9, cfg.hidden, batch_first=True)
        self.head = nn.Linear(cfg.hidden, 2)

    def forward(self, kind, numbers):
        states, _ = self.gru(torch.cat([self.kind(kind), numbers], -1))
        return self.head(states.mean(1))


def balanced_accuracy(model, data):
    model.eval()
    with torch.no_grad():
        answer = model(data[0], data[1]).argmax(1)
    return np.mean([(answer[data[2] == c] == c).float().mean().item() for c in (0, 1)])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    cfg = Config(seed=parser.parse_args().seed)
    torch.manual_seed(cfg.seed)
    rng = np.random.default_rng(cfg.seed)
    train, test = make_accounts(3200, rng, cfg), make_accounts(3000, rng, cfg)
    model = AccountReader(cfg)
    optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
    share = train[2].float().mean()
    criterion = nn.CrossEntropyLoss(weight=torch.stack([0.5 / (1 - share), 0.5 / share]))
    for epoch in range(cfg.epochs):
        model.train()
        losses = []
        for rows in torch.randperm(len(train[2])).split(cfg.batch):
            loss = criterion(model(train[0][rows], train[1][rows]), train[2][rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}, balanced {balanced_accuracy(model, test):.3f}")
    print(f"balanced accuracy {balanced_accuracy(model, test):.4f}")


main()
