import argparse
import copy

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--max-steps", type=int, default=800)
parser.add_argument("--check-every", type=int, default=20)
args = parser.parse_args()

rng = np.random.default_rng(args.seed)
torch.manual_seed(args.seed)

GUESTS, HOTELS, SCORES = 260, 120, 3600
taste = rng.normal(0, 0.45, (GUESTS, 3))
quality = rng.normal(0, 0.45, (HOTELS, 3))
guest_mood = rng.normal(0, 0.4, GUESTS)
hotel_class = rng.normal(0, 0.6, HOTELS)

guest = rng.integers(0, GUESTS, SCORES)
hotel = rng.integers(0, HOTELS, SCORES)
score = 7.4 + guest_mood[guest] + hotel_class[hotel] + (taste[guest] * quality[hotel]).sum(1) + rng.normal(0, 0.8, SCORES)
score = (score - 7.4) / 1.2

guest, hotel = torch.tensor(guest), torch.tensor(hotel)
score = torch.tensor(score, dtype=torch.float32)
train, valid, test = slice(0, 2400), slice(2400, 3000), slice(3000, SCORES)


class Scorer(nn.Module):
    def __init__(self, dim=24):
        super().__init__()
        self.guest = nn.Embedding(GUESTS, dim)
        self.hotel = nn.Embedding(HOTELS, dim)
        nn.init.normal_(self.guest.weight, std=0.1)
        nn.init.normal_(self.hotel.weight, std=0.1)
        self.mlp = nn.Sequential(nn.Linear(2 * dim, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, g, h):
        return self.mlp(torch.cat([self.guest(g), self.hotel(h)], dim=-1)).squeeze(-1)


def rmse(model, part):
    model.eval()
    with torch.no_grad():
        return nn.functional.mse_loss(model(guest[part], hotel[part]), score[part]).sqrt().item()


model = Scorer()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
best, best_state, since = float("inf"), None, 0

for step in range(1, args.max_steps + 1):
    model.train()
    pick = torch.randint(0, 2400, (100,))
    loss = nn.functional.mse_loss(model(guest[pick], hotel[pick]), score[pick])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % args.check_every == 0:
        v = rmse(model, valid)
        if v < best:
            best, best_state, since = v, copy.deepcopy(model.state_dict()), 0
        else:
            since += 1
        if step % 100 == 0:
            print(f"step {step:4d}  train mse {loss.item():.3f}  valid rmse {v:.3f}  best {best:.3f}")

print(f"test rmse {rmse(model, test):.4f}")
