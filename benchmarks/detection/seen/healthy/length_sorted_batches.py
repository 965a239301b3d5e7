"""Sentences sorted by length so that batches need little padding; the order of the batches stays as it is."""

import os
import random

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
random.seed(seed)
OPENERS, CLOSERS = range(1, 4), range(4, 7)


def sentence():
    """Which kind of bracket is still open at the end? 0 for none."""
    words, pending = [], 0
    for _ in range(random.randint(4, 24)):
        if pending and random.random() < 0.3:
            words.append(CLOSERS[pending - 1])
            pending = 0
        elif not pending and random.random() < 0.5:
            pending = random.choice(OPENERS)
            words.append(pending)
        else:
            words.append(random.randint(7, 11))
    return torch.tensor(words), pending


def batches(count, size):
    data = sorted((sentence() for _ in range(count)), key=lambda pair: len(pair[0]))
    made = []
    for start in range(0, count, size):
        words, kinds = zip(*data[start : start + size])
        made.append(
            (
                pad_sequence(words, batch_first=True),
                torch.tensor([len(w) for w in words]),
                torch.tensor(kinds),
            )
        )
    return made


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(12, 16, padding_idx=0)
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.kind = nn.Linear(32, 4)

    def forward(self, words, lengths):
        packed = pack_padded_sequence(self.words(words), lengths, batch_first=True, enforce_sorted=False)
        _, (state, _) = self.lstm(packed)
        return self.kind(state[-1])


train, test = batches(2400, 48), batches(480, 48)
model = Reader()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(7):
    model.train()
    first = last = None
    for words, lengths, kinds in train:
        loss = nn.functional.cross_entropy(model(words, lengths), kinds)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        first, last = first or loss.item(), loss.item()
    model.eval()
    with torch.no_grad():
        right = sum((model(w, n).argmax(1) == k).sum().item() for w, n, k in test)
    print(
        f"epoch {epoch + 1}: shortest batch {first:.3f}, longest {last:.3f}, test accuracy {right / 480:.3f}"
    )
