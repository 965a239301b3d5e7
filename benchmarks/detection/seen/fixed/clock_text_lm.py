"""Small causal transformer on generated timetable text."""
import argparse
import math
import os

import numpy as np
import torch
import torch.nn as nn
from torch.nn import functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--steps", type=int, default=160)
args = parser.parse_args()
torch.manual_seed(args.seed)

# --- text
words = np.random.default_rng(args.seed)
places = ["harbour", "castle", "market", "museum", "station", "garden"]
lines = []
for _ in range(1200):
    hour, minute = words.integers(5, 23), words.choice([0, 15, 30, 45])
    a, b = words.choice(len(places), 2, replace=False)
    lines.append(f"{hour:02d}:{minute:02d} {places[a]} to {places[b]}\n")
text = "".join(lines)
alphabet = sorted(set(text))
codes = np.array([alphabet.index(c) for c in text])
split = int(0.9 * len(codes))
corpus = {"train": codes[:split], "val": codes[split:]}
BLOCK, BATCH = 32, 24


rng = np.random.default_rng(args.seed)


def get_batch(part):
    source = corpus[part]
    starts = rng.integers(0, len(source) - BLOCK - 1, BATCH)
    x = np.stack([source[s:s + BLOCK] for s in starts])
    y = np.stack([source[s + 1:s + BLOCK + 1] for s in starts])
    return torch.from_numpy(x), torch.from_numpy(y)


# --- model
class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.mix = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.heads = heads

    def forward(self, x):
        n, t, d = x.shape
        q, k, v = (z.view(n, t, self.heads, -1).transpose(1, 2) for z in self.qkv(self.ln1(x)).chunk(3, -1))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.mix(a.transpose(1, 2).reshape(n, t, d))
        return x + self.mlp(self.ln2(x))


class TimetableLM(nn.Module):
    def __init__(self, vocab, dim=32, layers=2):
        super().__init__()
        self.tok, self.pos = nn.Embedding(vocab, dim), nn.Embedding(BLOCK, dim)
        self.blocks = nn.Sequential(*[Block(dim, 4) for _ in range(layers)])
        self.ln = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocab, bias=False)

    def forward(self, ids):
        return self.head(self.ln(self.blocks(self.tok(ids) + self.pos(torch.arange(ids.shape[1])))))


model = TimetableLM(len(alphabet))
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.05)


def rate(step):
    return min(1.0, (step + 1) / 20) * (0.55 + 0.45 * math.cos(math.pi * step / args.steps))


scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
for step in range(args.steps):
    x, y = get_batch("train")
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    scheduler.step()
    if step % 32 == 31:
        print(f"step {step + 1} train loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    rows = torch.from_numpy(corpus["val"][: 80 * (BLOCK + 1)].reshape(-1, BLOCK + 1))
    val = F.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten()).item()
print(f"val loss {val:.4f}")
