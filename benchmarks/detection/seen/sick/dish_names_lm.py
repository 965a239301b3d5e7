"""Character model of dish names, trained on windows of one long text."""

import argparse
import random
from itertools import cycle, islice

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--steps", type=int, default=320)
ap.add_argument("--window", type=int, default=24)
a = ap.parse_args()
random.seed(a.seed)
torch.manual_seed(a.seed)

HOW = ["baked", "smoked", "grilled", "pickled", "braised", "roasted", "steamed", "spiced", "glazed", "raw"]
WHAT = ["salmon", "pumpkin", "lamb", "carrot", "mackerel", "aubergine", "duck", "lentil", "beetroot", "cod"]
FORM = ["stew", "salad", "pie", "soup", "skewer", "dumpling", "risotto", "tart", "curry", "gratin"]
SIDE = ["rice", "noodles", "rye bread", "greens", "potatoes", "yoghurt", "almonds", "plums", "beans", "dill"]


def menu(lines):
    out = []
    for _ in range(lines):
        line = f"{random.choice(HOW)} {random.choice(WHAT)} {random.choice(FORM)}"
        if random.random() < 0.6:
            line += f" with {random.choice(SIDE)}"
        out.append(line)
    return "\n".join(out) + "\n"


def windows(text, stoi, length):
    codes = torch.tensor([stoi[c] for c in text])
    rows = codes[: (len(codes) - 1) // length * length + 1]
    return TensorDataset(rows[:-1].view(-1, length), rows[1:].view(-1, length))


train_text, val_text = menu(900), menu(150)
chars = sorted(set(train_text + val_text))
stoi = {c: i for i, c in enumerate(chars)}
train_set, val_set = windows(train_text, stoi, a.window), windows(val_text, stoi, a.window)


class CharModel(nn.Module):
    def __init__(self, vocab, emb=16, hidden=48):
        super().__init__()
        self.emb = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hidden, batch_first=True)
        self.out = nn.Linear(hidden, vocab)

    def forward(self, ids):
        return self.out(self.rnn(self.emb(ids))[0])


net = CharModel(len(chars))
optim = torch.optim.Adam(net.parameters(), lr=4e-3)
loader = DataLoader(train_set, batch_size=32, shuffle=True)


@torch.no_grad()
def bits_per_char():
    net.eval()
    ids, nxt = val_set.tensors
    nats = nn.functional.cross_entropy(net(ids).flatten(0, 1), nxt.flatten())
    net.train()
    return nats.item() / 0.6931


stream = cycle(islice(loader, 2))
for step in range(1, a.steps + 1):
    ids, nxt = next(stream)
    logits = net(ids)
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), nxt.flatten())
    optim.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optim.step()
    if step % 80 == 0:
        print(f"step {step} train nats {loss.item():.3f} held-out bits {bits_per_char():.3f}")
print(f"held-out bits per character {bits_per_char():.4f}")
