"""Symptom diaries of very different lengths, read one by one: no padding, no batches."""

import os
import random

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
torch.manual_seed(seed)


def diary():
    """A level that wanders; flares follow when it stays high for three entries."""
    length = random.randint(4, 12)
    level, rows = random.gauss(0, 1), []
    for _ in range(length):
        level = 0.8 * level + random.gauss(0, 0.7)
        rows.append([level + random.gauss(0, 0.3), random.gauss(0, 1)])
    values = torch.tensor(rows)
    flare = (values[:, 0].unfold(0, 3, 1).mean(-1).max() > 0.9).float()
    return values, flare


diaries = [diary() for _ in range(720)]
train, test = diaries[:520], diaries[520:]


class Reader(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.cell = nn.GRUCell(2, hidden)
        self.verdict = nn.Linear(hidden, 1)
        self.hidden = hidden

    def forward(self, entries):
        state = entries.new_zeros(self.hidden)
        peak = self.verdict(state)
        for entry in entries:
            state = self.cell(entry, state)
            peak = torch.maximum(peak, self.verdict(state))
        return peak.squeeze()


reader = Reader()
optimizer = torch.optim.Adam(reader.parameters(), lr=4e-3)
bce = nn.BCEWithLogitsLoss()
random.shuffle(train)
window = []
for n, (entries, flare) in enumerate(train, start=1):
    loss = bce(reader(entries), flare)
    reader.zero_grad()
    loss.backward()
    optimizer.step()
    window.append(loss.item())
    if n % 130 == 0:
        with torch.no_grad():
            right = sum(((reader(e) > 0) == (f > 0.5)).item() for e, f in test) / len(test)
        print(f"{n} diaries read, recent loss {sum(window[-130:]) / 130:.3f}, test accuracy {right:.3f}")
share = sum(f.item() for _, f in test) / len(test)
print(f"always guessing the commoner answer: {max(share, 1 - share):.3f}")
