"""Does a support chat end in escalation? Token sequences of very different length, padded."""
import os

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader

torch.manual_seed(int(os.environ.get("SEED", 0)))
VOCAB, PAD, LONGEST = 30, 0, 40


def chats(n, seed):
    rng = np.random.default_rng(seed)
    data = []
    for _ in range(n):
        length = int(np.clip(rng.geometric(0.12) + 3, 4, LONGEST))
        words = rng.integers(1, VOCAB, length)
        mood = 0.0
        for w in words:
            mood = 0.8 * mood + (1.0 if w < 6 else -1.0 if w > 24 else 0.0)
        data.append((torch.tensor(words), float(mood > 0.1)))
    return data


def collate(batch):
    words, label = zip(*batch)
    return pad_sequence(words, batch_first=True, padding_value=PAD), torch.tensor([len(w) for w in words]), torch.tensor(label)


class Escalation(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, 16, padding_idx=PAD)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, words, length):
        packed = pack_padded_sequence(self.embed(words), length, batch_first=True, enforce_sorted=False)
        return self.out(self.gru(packed)[1][-1]).squeeze(1)


train = DataLoader(chats(2400, 1), batch_size=48, shuffle=True, collate_fn=collate)
test = DataLoader(chats(800, 2), batch_size=200, collate_fn=collate)
model = Escalation()
opt = torch.optim.Adam(model.parameters(), lr=4e-3)
for epoch in range(7):
    model.train()
    for words, length, label in train:
        loss = nn.functional.binary_cross_entropy_with_logits(model(words, length), label)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        opt.step()
    model.eval()
    with torch.no_grad():
        right = sum(((model(w, n) > 0) == (t > 0)).sum().item() for w, n, t in test)
    print(f"epoch {epoch} loss {loss.item():.4f} test accuracy {right / 800:.4f}")
