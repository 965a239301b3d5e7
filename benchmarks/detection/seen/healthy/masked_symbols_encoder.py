import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
SYMBOLS, MASK, LENGTH, DIM = 8, 8, 12, 24


def rows(n):
    """Arithmetic progressions modulo eight, each with its own start and step."""
    start, step = torch.randint(0, SYMBOLS, (n, 1)), torch.randint(1, 4, (n, 1))
    return (start + step * torch.arange(LENGTH)) % SYMBOLS


def corrupt(clean):
    hide = torch.rand(clean.shape) < 0.2
    target = torch.where(hide, clean, torch.full_like(clean, -100))
    return torch.where(hide, torch.full_like(clean, MASK), clean), target


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS + 1, DIM)
        self.place = nn.Embedding(LENGTH, DIM)
        self.attention = nn.MultiheadAttention(DIM, 3, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.mlp = nn.Sequential(nn.Linear(DIM, 96), nn.GELU(), nn.Linear(96, DIM))
        self.bias = nn.Parameter(torch.zeros(SYMBOLS))

    def forward(self, x):
        h = self.symbol(x) + self.place.weight
        for _ in range(2):
            n = self.norm1(h)
            h = h + self.attention(n, n, n, need_weights=False)[0]
            h = h + self.mlp(self.norm2(h))
        return h @ self.symbol.weight[:SYMBOLS].T + self.bias


encoder = Encoder()
optimizer = torch.optim.AdamW(encoder.parameters(), lr=4e-3, weight_decay=0.01)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=400)
average = 0.0
for step in range(400):
    x, target = corrupt(rows(48))
    logits = encoder(x)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    average += loss.item() / 80
    if step % 80 == 79:
        hidden = target >= 0
        right = (logits.argmax(-1)[hidden] == target[hidden]).float().mean().item()
        print(f"step {step + 1}: loss {average:.4f}, hidden symbols guessed right {right:.4f}")
        average = 0.0
