"""Match left and right shoes: two views pulled together against the rest of the batch."""
import argparse

import torch
import torch.nn.functional as F
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=0)
seed = ap.parse_args().seed

g = torch.Generator().manual_seed(10)
left_map, right_map = torch.randn(8, 24, generator=g), torch.randn(8, 24, generator=g)


def shoes(n):
    z = torch.randn(n, 8, generator=g)
    left = torch.tanh(z @ left_map * 0.5) + 0.15 * torch.randn(n, 24, generator=g)
    right = torch.sin(z @ right_map * 0.5) + 0.15 * torch.randn(n, 24, generator=g)
    return left, right


left, right = shoes(4000)
left_t, right_t = shoes(400)

torch.manual_seed(seed)


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(24, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 16))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


a, b = Tower(), Tower()
log_temp = nn.Parameter(torch.tensor(2.0))
opt = torch.optim.AdamW([*a.parameters(), *b.parameters(), log_temp], lr=2e-3)
for epoch in range(20):
    for idx in torch.randperm(len(left)).split(200):
        sim = a(left[idx]) @ b(right[idx]).T * log_temp.exp()
        truth = torch.arange(len(idx))
        loss = 0.5 * (F.cross_entropy(sim, truth) + F.cross_entropy(sim.T, truth))
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")

a.eval()
b.eval()
with torch.no_grad():
    hit = ((a(left_t) @ b(right_t).T).argmax(1) == torch.arange(400)).float().mean().item()
print(f"right shoe found among 400: {hit:.4f}")
