import argparse

import torch
from torch import nn


class Reader(nn.Module):
    def __init__(self, symbols, hidden):
        super().__init__()
        self.embed = nn.Embedding(symbols, 16)
        self.rnn = nn.RNN(16, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 4)

    def forward(self, tokens):
        out, _ = self.rnn(self.embed(tokens))
        return self.head(out[:, -1])


def batch(size, length):
    tokens = torch.randint(4, 12, (size, length))
    key = torch.randint(0, 4, (size,))
    tokens[:, 0] = key
    return tokens, key


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--steps", type=int, default=500)
    a = ap.parse_args()
    torch.manual_seed(a.seed)
    model = Reader(12, 48)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    for step in range(a.steps):
        tokens, key = batch(64, 40)
        loss = criterion(model(tokens), key)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print("step", step, "loss", round(loss.item(), 4))
    with torch.no_grad():
        tokens, key = batch(500, 40)
        print("accuracy", (model(tokens).argmax(1) == key).float().mean().item())


main()
