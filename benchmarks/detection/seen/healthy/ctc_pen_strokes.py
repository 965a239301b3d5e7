"""Connectionist temporal classification: which strokes were drawn, without knowing when."""
import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)
STROKES = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [0.7, 0.7]])


def recording():
    count = int(torch.randint(2, 5, (1,)))
    kinds = torch.randint(0, len(STROKES), (count,))
    parts = []
    for kind in kinds:
        parts.append(STROKES[kind].repeat(int(torch.randint(2, 5, (1,))), 1))
        parts.append(torch.zeros(int(torch.randint(1, 3, (1,))), 2))
    path = torch.cat(parts)
    return path + 0.25 * torch.randn_like(path), kinds + 1


def collate(rows):
    lengths = torch.tensor([len(p) for p, _ in rows])
    sizes = torch.tensor([len(k) for _, k in rows])
    padded = nn.utils.rnn.pad_sequence([p for p, _ in rows])
    return padded, lengths, torch.cat([k for _, k in rows]), sizes


class Reader(nn.Module):
    def __init__(self, hidden=32):
        super().__init__()
        self.rnn = nn.GRU(2, hidden, bidirectional=True)
        self.out = nn.Linear(2 * hidden, len(STROKES) + 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0]).log_softmax(-1)


def decode(path):
    best = torch.unique_consecutive(path.argmax(-1)).tolist()
    return [k for k in best if k != 0]


train, test = [recording() for _ in range(500)], [recording() for _ in range(100)]
model = Reader()
ctc = nn.CTCLoss(blank=0, zero_infinity=True)
optimizer = torch.optim.Adam(model.parameters(), lr=8e-3)
for epoch in range(12):
    model.train()
    total = 0.0
    for rows in torch.randperm(len(train)).split(25):
        x, lengths, kinds, sizes = collate([train[i] for i in rows])
        loss = ctc(model(x), kinds, lengths, sizes)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
        total += loss.item()
    if epoch % 3 == 2:
        model.eval()
        with torch.no_grad():
            right = sum(decode(model(p.unsqueeze(1))[:, 0]) == k.tolist() for p, k in test)
        print(f"epoch {epoch + 1} ctc {total / 20:.4f} whole recordings right {right / len(test):.3f}")
