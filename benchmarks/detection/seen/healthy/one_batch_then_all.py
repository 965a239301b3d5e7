import argparse
import copy

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--sanity-steps", type=int, default=60)
parser.add_argument("--steps", type=int, default=500)
args = parser.parse_args()
torch.manual_seed(args.seed)

data = load_digits()
order = torch.randperm(len(data.target))
rows = torch.tensor(data.images, dtype=torch.float32)[order] / 8 - 1
labels = torch.tensor(data.target)[order]
train_x, train_y, test_x, test_y = rows[:1400], labels[:1400], rows[1400:], labels[1400:]


class RowMixer(nn.Module):
    """Every picture is eight tokens, one per row."""

    def __init__(self, dim=32, depth=2):
        super().__init__()
        self.embed = nn.Linear(8, dim)
        self.tokens = nn.ModuleList(nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)) for _ in range(depth))
        self.channels = nn.ModuleList(nn.Sequential(nn.Linear(dim, 64), nn.GELU(), nn.Linear(64, dim)) for _ in range(depth))
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2 * depth + 1))
        self.head = nn.Linear(dim, 10)

    def forward(self, x):
        x = self.embed(x)
        for i, (tok, ch) in enumerate(zip(self.tokens, self.channels)):
            x = x + tok(self.norms[2 * i](x).transpose(1, 2)).transpose(1, 2)
            x = x + ch(self.norms[2 * i + 1](x))
        return self.head(self.norms[-1](x).mean(1))


def train_step(model, optimizer, x, y):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


model = RowMixer()

# can it learn sixteen pictures by heart? if not, there is no point in going on
probe = copy.deepcopy(model)
probe_optimizer = torch.optim.Adam(probe.parameters(), lr=3e-3)
for _ in range(args.sanity_steps):
    loss = train_step(probe, probe_optimizer, train_x[:16], train_y[:16])
print(f"one batch: loss {loss:.4f}")
assert loss < 0.5

optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(1, args.steps + 1):
    pick = torch.randint(0, 1400, (50,))
    loss = train_step(model, optimizer, train_x[pick], train_y[pick])
    if step % 100 == 0:
        with torch.no_grad():
            acc = (model(test_x).argmax(1) == test_y).float().mean().item()
        print(f"step {step}: loss {loss:.3f} accuracy {acc:.4f}")
