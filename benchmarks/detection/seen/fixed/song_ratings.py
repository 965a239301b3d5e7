import argparse

import torch
from torch import nn

p = argparse.ArgumentParser()
p.add_argument("--seed", type=int, default=0)
p.add_argument("--dim", type=int, default=8)
p.add_argument("--steps", type=int, default=900)
args = p.parse_args()

USERS, SONGS = 300, 200
g = torch.Generator().manual_seed(11)
taste = torch.randn(USERS, 5, generator=g)
style = torch.randn(SONGS, 5, generator=g)
lean = 0.4 * torch.randn(USERS, generator=g)
fame = 0.6 * torch.randn(SONGS, generator=g)
u = torch.randint(0, USERS, (24000,), generator=g)
s = torch.randint(0, SONGS, (24000,), generator=g)
r = 0.5 * (taste[u] * style[s]).sum(1) + lean[u] + fame[s] + 0.3 * torch.randn(24000, generator=g)
tr, te = slice(0, 20000), slice(20000, None)

torch.manual_seed(args.seed)


class Recommender(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.user_vec = nn.Embedding(USERS, dim)
        self.song_vec = nn.Embedding(SONGS, dim)
        self.user_bias = nn.Embedding(USERS, 1)
        self.song_bias = nn.Embedding(SONGS, 1)
        for table in (self.user_vec, self.song_vec):
            nn.init.normal_(table.weight, std=0.3)
        for table in (self.user_bias, self.song_bias):
            nn.init.zeros_(table.weight)

    def forward(self, u, s):
        dot = (self.user_vec(u) * self.song_vec(s)).sum(1)
        return dot + self.user_bias(u).squeeze(1) + self.song_bias(s).squeeze(1)


net = Recommender(args.dim)
vectors = [w for name, w in net.named_parameters() if "_vec" in name]
biases = [w for name, w in net.named_parameters() if name.endswith("_bias.weight")]
opt = torch.optim.Adam([
    {"params": vectors, "weight_decay": 2e-4},
    {"params": biases, "weight_decay": 0.0},
], lr=0.01)

ut, st, rt = u[tr], s[tr], r[tr]
for step in range(args.steps):
    pick = torch.randint(0, len(ut), (1024,))
    loss = ((net(ut[pick], st[pick]) - rt[pick]) ** 2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 200 == 0:
        print(step, round(loss.item(), 4))

net.eval()
with torch.no_grad():
    rmse = ((net(u[te], s[te]) - r[te]) ** 2).mean().sqrt().item()
print(f"held-out rmse {rmse:.4f}")
