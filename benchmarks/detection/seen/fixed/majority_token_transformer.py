import os

import torch
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

torch.manual_seed(int(os.environ.get("SEED", 0)))
D_MODEL, HEADS, TOKENS, LENGTH, WARMUP, STEPS = 32, 4, 4, 12, 80, 220


def batch_of(n):
    bias = torch.softmax(1.2 * torch.randn(n, TOKENS), 1)
    seq = torch.multinomial(bias, LENGTH, replacement=True)
    counts = nn.functional.one_hot(seq, TOKENS).sum(1)
    return seq, counts.argmax(1)


class MajorityVote(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, D_MODEL)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, D_MODEL))
        layer = nn.TransformerEncoderLayer(D_MODEL, HEADS, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=1, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(D_MODEL)
        self.head = nn.Linear(D_MODEL, TOKENS)

    def forward(self, seq):
        h = self.encoder(self.tokens(seq) + self.places)
        return self.head(self.norm(h).mean(1))


def noam(step):
    step = step + 1
    return D_MODEL**-0.5 * min(step**-0.5, step * WARMUP**-1.5)


model = MajorityVote()
optimizer = torch.optim.Adam(model.parameters(), lr=0.5, betas=(0.9, 0.98), eps=1e-9)
scheduler = LambdaLR(optimizer, noam)
criterion = nn.CrossEntropyLoss()
seen = []
for step in range(STEPS):
    seq, winner = batch_of(32)
    loss = criterion(model(seq), winner)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    seen.append(loss.item())
    if (step + 1) % 75 == 0:
        print(f"step {step + 1}: loss {sum(seen[-75:]) / 75:.4f}")

model.eval()
with torch.no_grad():
    seq, winner = batch_of(1000)
    print(f"accuracy {(model(seq).argmax(1) == winner).float().mean().item():.4f}")
