import os
import random

import torch
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 0))
random.seed(seed)
g = torch.Generator().manual_seed(seed)

onsets, vowels, codas = ["b", "k", "l", "m", "r", "s", "t", "v", "sh"], ["a", "e", "i", "o", "u"], ["n", "r", "l", "", ""]
names = []
for _ in range(3000):
    v = random.choice(vowels)
    parts = []
    for _ in range(random.choice([1, 2, 2, 3])):
        parts.append(random.choice(onsets) + v + random.choice(codas))
        v = vowels[(vowels.index(v) + random.choice([0, 1])) % 5]
    names.append("".join(parts))

chars = sorted(set("".join(names)))
stoi = {c: i + 1 for i, c in enumerate(chars)}
stoi["."] = 0
vocab, block = len(stoi), 4


def build(words):
    X, Y = [], []
    for w in words:
        context = [0] * block
        for ch in w + ".":
            X.append(context)
            Y.append(stoi[ch])
            context = context[1:] + [stoi[ch]]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build(names[:2600])
Xdev, Ydev = build(names[2600:])

n_embd, n_hidden = 10, 100
C = torch.randn((vocab, n_embd), generator=g)
W1 = torch.randn((block * n_embd, n_hidden), generator=g) * (block * n_embd) ** -0.5
b1 = torch.randn(n_hidden, generator=g)
W2 = torch.randn((n_hidden, vocab), generator=g) * n_hidden**-0.5
b2 = torch.randn(vocab, generator=g)
parameters = [C, W1, b1, W2, b2]
for p in parameters:
    p.requires_grad = True

for i in range(800):
    ix = torch.randint(0, Xtr.shape[0], (48,), generator=g)
    emb = C[Xtr[ix]].view(-1, block * n_embd)
    h = torch.tanh(emb @ W1 + b1)
    logits = h @ W2 + b2
    loss = F.cross_entropy(logits, Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 600 else 0.02
    for p in parameters:
        p.data += -lr * p.grad
    if i % 100 == 0:
        print(f"{i:5d}/800: {loss.item():.4f}")

with torch.no_grad():
    h = torch.tanh(C[Xdev].view(-1, block * n_embd) @ W1 + b1)
    print(f"dev loss {F.cross_entropy(h @ W2 + b2, Ydev).item():.4f}")
