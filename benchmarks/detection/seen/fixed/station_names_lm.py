import argparse
import os

import torch
from torch import nn
from torch.nn import functional as F

p = argparse.ArgumentParser()
p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = p.parse_args().seed
gen = torch.Generator().manual_seed(seed)
torch.manual_seed(seed)

heads = ["ober", "unter", "nieder", "neu", "alt", "gross", "klein", "bad "]
roots = ["linden", "buchen", "stein", "rosen", "eichen", "birken", "wald", "hasel", "kirch"]
tails = ["dorf", "heim", "hausen", "bach", "burg", "feld", "au", "tal"]


def pick(items):
    return items[torch.randint(len(items), (1,), generator=gen).item()]


names = [pick(heads) + pick(roots) + pick(tails) + "\n" for _ in range(900)]
text = "".join(names)
chars = sorted(set(text))
to_id = {c: i for i, c in enumerate(chars)}
data = torch.tensor([to_id[c] for c in text])
cut = int(0.85 * len(data))
train, held = data[:cut], data[cut:]
print(f"{len(chars)} symbols, {len(train)} training characters")


def batch(source, size=32, length=24):
    starts = torch.randint(len(source) - length - 1, (size,), generator=gen)
    x = torch.stack([source[s:s + length] for s in starts])
    y = torch.stack([source[s + 1:s + length + 1] for s in starts])
    return x, y


class CharModel(nn.Module):
    def __init__(self, vocab, emb=16, hidden=64):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.rnn = nn.LSTM(emb, hidden, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.proj = nn.Linear(hidden, vocab)

    def forward(self, x):
        h, _ = self.rnn(self.emb(x))
        return self.proj(self.drop(h))


model = CharModel(len(chars))
optim = torch.optim.Adam(model.parameters(), lr=4e-3)
model.train()
for step in range(1, 281):
    x, y = batch(train)
    out = model(x)
    loss = F.cross_entropy(out.reshape(-1, len(chars)), y.reshape(-1))
    optim.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optim.step()
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.3f}")

model.eval()
with torch.no_grad():
    x, y = batch(held, size=200)
    hit = (model(x).argmax(-1) == y).float().mean().item()
print(f"next character accuracy {hit:.4f}")
