"""Which protease cuts a peptide: a small Transformer encoder over residues."""

import argparse
import random

import torch
import torch.nn as nn

cli = argparse.ArgumentParser()
cli.add_argument("--seed", type=int, default=0)
cli.add_argument("--lr", type=float, default=0.06)
cli.add_argument("--steps", type=int, default=280)
cli.add_argument("--batch", type=int, default=32)
cfg = cli.parse_args()
random.seed(cfg.seed)
torch.manual_seed(cfg.seed)

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
SITES = {0: ["KR", "RR"], 1: ["FW", "WY"], 2: ["DE", "EE"], 3: ["PK", "YP"]}
LENGTH = 16


def peptide():
    kind = random.randrange(len(SITES))
    chain = random.choices("ACGHILMNQSTV", k=LENGTH)
    for decoy in random.sample("KRFWDEPY", 3):
        chain[random.randrange(LENGTH)] = decoy
    at = random.randrange(LENGTH - 1)
    chain[at : at + 2] = random.choice(SITES[kind])
    return [RESIDUES.index(c) for c in chain], kind


data = [peptide() for _ in range(2400)]
ids = torch.tensor([d[0] for d in data])
kinds = torch.tensor([d[1] for d in data])
train_ids, train_kinds, test_ids, test_kinds = ids[:1900], kinds[:1900], ids[1900:], kinds[1900:]


class CleavageModel(nn.Module):
    def __init__(self, width=32, heads=4, depth=2):
        super().__init__()
        self.residue = nn.Embedding(len(RESIDUES), width)
        self.place = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, len(SITES))

    def forward(self, x):
        h = self.encoder(self.residue(x) + self.place)
        return self.classify(self.norm(h).mean(dim=1))


def accuracy():
    model.eval()
    with torch.no_grad():
        right = (model(test_ids).argmax(-1) == test_kinds).float().mean().item()
    model.train()
    return right


model = CleavageModel()
optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr, betas=(0.9, 0.98))
for step in range(1, cfg.steps + 1):
    pick = torch.randint(0, len(train_ids), (cfg.batch,))
    loss = nn.functional.cross_entropy(model(train_ids[pick]), train_kinds[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 70 == 0:
        print(f"{step:4d}  loss {loss.item():.4f}  test accuracy {accuracy():.4f}")
print(f"test accuracy {accuracy():.4f}")
