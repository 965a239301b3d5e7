"""Route helpdesk tickets (word ids, variable length) to the right desk."""
import argparse

import numpy as np
import torch
from torch import nn

VOCAB, DESKS, MAX_LEN = 60, 4, 16


def tickets(n, rng):
    lengths = rng.integers(7, MAX_LEN + 1, n)
    words = np.zeros((n, MAX_LEN), dtype=np.int64)
    desk = np.zeros(n, dtype=np.int64)
    for i, k in enumerate(lengths):
        row = rng.integers(9, VOCAB, k)
        first, second = rng.choice(k, 2, replace=False)
        lo, hi = min(first, second), max(first, second)
        a, b = rng.integers(1, 5), rng.integers(5, 9)
        flip = rng.random() < 0.5
        row[lo], row[hi] = (b, a) if flip else (a, b)
        words[i, :k] = row
        desk[i] = (a + b + 2 * flip) % DESKS
    return torch.tensor(words), torch.tensor(lengths), torch.tensor(desk)


class Router(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 24, padding_idx=0)
        self.rnn = nn.GRU(24, hidden, batch_first=True)
        self.out = nn.Sequential(nn.Linear(hidden, 64), nn.ReLU(), nn.Linear(64, DESKS))

    def last_word(self, states, lengths):
        return states.data[torch.arange(len(lengths)), lengths - 1]

    def forward(self, words, lengths):
        states, _ = self.rnn(self.embed(words))
        return self.out(self.last_word(states, lengths))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    rng = np.random.default_rng(2)
    words, lengths, desk = tickets(4000, rng)
    w_test, l_test, d_test = tickets(1000, rng)
    torch.manual_seed(seed)
    model = Router()
    opt = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(10):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(words)).split(100):
            loss = criterion(model(words[idx], lengths[idx]), desk[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        print(f"epoch {epoch + 1} loss {total / len(words):.4f}")
    model.eval()
    with torch.no_grad():
        acc = (model(w_test, l_test).argmax(1) == d_test).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
