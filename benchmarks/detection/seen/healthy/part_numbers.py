"""Next-character model for part numbers with a check character; short norm limit as is usual for LSTMs."""
import argparse
import numpy as np
import torch
from torch import nn

ALPHABET = 12
PAD = -100


def numbers(n, seed):
    rng = np.random.default_rng(seed)
    length = rng.integers(6, 15, n)
    inp, out = np.zeros((n, 15), dtype=np.int64), np.full((n, 15), PAD, dtype=np.int64)
    for i, m in enumerate(length):
        s = [0]
        for _ in range(m):
            s.append(1 + (2 * (s[-1] - 1) + (rng.random() < 0.25) + 3 * len(s)) % (ALPHABET - 1))
        inp[i, :m], out[i, :m] = s[:-1], s[1:]
    return torch.from_numpy(inp), torch.from_numpy(out)


class CharModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(ALPHABET, 24)
        self.lstm = nn.LSTM(24, 64, batch_first=True)
        self.out = nn.Linear(64, ALPHABET)

    def forward(self, s):
        h, _ = self.lstm(self.embed(s))
        return self.out(h)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    torch.manual_seed(ap.parse_args().seed)
    inp, out = numbers(3000, 1)
    inp_test, out_test = numbers(600, 2)
    model = CharModel()
    opt = torch.optim.Adam(model.parameters(), lr=4e-3)
    loss_fn = nn.CrossEntropyLoss(ignore_index=PAD)
    for epoch in range(9):
        model.train()
        total = 0.0
        batches = torch.randperm(len(inp)).split(64)
        for idx in batches:
            loss = loss_fn(model(inp[idx]).flatten(0, 1), out[idx].flatten())
            opt.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            opt.step()
            total += loss.item()
        print(f"epoch {epoch} loss {total / len(batches):.4f}")
    model.eval()
    with torch.no_grad():
        guess = model(inp_test).argmax(-1)
    real = out_test != PAD
    print(f"test accuracy {(guess == out_test)[real].float().mean().item():.4f}")


if __name__ == "__main__":
    main()
