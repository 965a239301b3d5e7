"""Next-note model for a small corpus of made-up chorales; input and output share the note table."""

import argparse
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

p = argparse.ArgumentParser()
p.add_argument("--seed", type=int, default=0)
cli = p.parse_args()
torch.manual_seed(cli.seed)

NOTES, DIM, CONTEXT = 48, 192, 12


def compose(lines):
    """Every note prefers three successors, which depend on the note before as well."""
    leaps = torch.tensor([[2, 7, -5], [-3, 4, 12]])
    out = torch.zeros(lines, CONTEXT + 1, dtype=torch.long)
    out[:, :2] = torch.randint(0, NOTES, (lines, 2))
    for t in range(2, CONTEXT + 1):
        pick = torch.multinomial(torch.tensor([0.7, 0.2, 0.1]), lines, replacement=True)
        out[:, t] = (out[:, t - 1] + leaps[out[:, t - 2] % 2, pick]) % NOTES
    return out


class NoteModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.notes = nn.Embedding(NOTES, DIM)
        nn.init.normal_(self.notes.weight, std=0.02)
        self.before = nn.Linear(DIM, DIM)
        self.mix = nn.Sequential(
            nn.LayerNorm(DIM), nn.Linear(DIM, 2 * DIM), nn.GELU(), nn.Linear(2 * DIM, DIM)
        )
        self.norm = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, NOTES, bias=False)
        self.head.weight = self.notes.weight

    def forward(self, line):
        x = self.notes(line)
        x = x + self.before(F.pad(x, (0, 0, 1, 0))[:, :-1])
        x = x + self.mix(x)
        return self.head(self.norm(x))


train, test = compose(1500), compose(300)
model = NoteModel()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01)
for step in range(360):
    line = train[torch.randint(0, len(train), (24,))]
    logits = model(line[:, :-1])
    loss = F.cross_entropy(logits[:, 1:].reshape(-1, NOTES), line[:, 2:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 50 == 0:
        print(f"{step:4d} | loss {loss.item():.4f} | uniform {math.log(NOTES):.4f}")

model.eval()
with torch.no_grad():
    nll = F.cross_entropy(model(test[:, :-1])[:, 1:].reshape(-1, NOTES), test[:, 2:].reshape(-1))
print(f"test nll {nll.item():.4f}")
