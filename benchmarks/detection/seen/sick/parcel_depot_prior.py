import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--steps", type=int, default=400)
ap.add_argument("--lr", type=float, default=1e-3)
args = ap.parse_args()
torch.manual_seed(args.seed)

DEPOTS, SYMBOLS, LENGTH = 6, 20, 8
share = torch.tensor([0.30, 0.22, 0.17, 0.13, 0.10, 0.08])
table = torch.softmax(2.0 * torch.randn(DEPOTS, 3, SYMBOLS), -1)


def parcels(n):
    depot = torch.multinomial(share, n, replacement=True)
    code = torch.randint(0, SYMBOLS, (n, LENGTH))
    for k in range(3):
        code[:, 2 * k] = torch.multinomial(table[depot, k], 1).squeeze(1)
    return code, depot


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.symbol = nn.Embedding(SYMBOLS, dim)
        self.place = nn.Parameter(0.1 * torch.randn(LENGTH, dim))
        self.attend = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.ff = nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim))
        self.head = nn.Linear(dim, DEPOTS)

    def forward(self, code):
        h = self.symbol(code) + self.place
        h = self.norm1(h + self.attend(h, h, h, need_weights=False)[0])
        h = self.norm2(h + self.ff(h))
        return self.head(h.mean(1))


code, depot = parcels(1200)
test_code, test_depot = parcels(600)
model = Encoder()

# start from how often each depot occurs
with torch.no_grad():
    counts = torch.bincount(depot, minlength=DEPOTS).float()
    model.head.bias.copy_(counts)

optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
for step in range(1, args.steps + 1):
    pick = torch.randint(0, len(code), (64,))
    loss = F.cross_entropy(model(code[pick]), depot[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    acc = (model(test_code).argmax(1) == test_depot).float().mean().item()
print(f"sorted correctly {acc:.4f}")
