import argparse

import numpy as np
import torch
from torch import nn

parser = argparse.ArgumentParser(description="delivery effort of a shopping basket")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--batch", type=int, default=40)
opt = parser.parse_args()
torch.manual_seed(opt.seed)
rng = np.random.RandomState(opt.seed)

N_CATEGORIES = 15
fragile = rng.uniform(0, 2, N_CATEGORIES)
cooled = rng.rand(N_CATEGORIES) < 0.4


def make_basket():
    k = rng.randint(1, 8)
    category = rng.randint(0, N_CATEGORIES, k)
    weight = rng.gamma(2.0, 0.5, k)
    count = rng.randint(1, 5, k)
    per_item = np.log1p(weight * count) * (0.3 + fragile[category]) + 0.8 * cooled[category] * (count > 2)
    effort = per_item.sum() + 0.5 * cooled[category].any()
    return category, np.stack([weight - 1.0, (count - 2.5) / 1.1], 1), effort


baskets = [make_basket() for _ in range(1300)]
efforts = np.array([b[2] for b in baskets])
mean, std = efforts[:1000].mean(), efforts[:1000].std()


class BasketNet(nn.Module):
    def __init__(self, width=24, code=10):
        super().__init__()
        self.category = nn.Embedding(N_CATEGORIES, 6)
        self.item = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, code), nn.ReLU())
        self.code = code
        self.head = nn.Sequential(nn.Linear(code, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, categories, values, sizes):
        items = self.item(torch.cat([self.category(categories), values], dim=1))
        pooled = torch.zeros(len(sizes), self.code)
        start = 0
        for i, size in enumerate(sizes):
            pooled[i] = items[start : start + size].sum(0)
            start += size
        return self.head(pooled).squeeze(-1)


def pack(chosen):
    categories = torch.from_numpy(np.concatenate([b[0] for b in chosen]))
    values = torch.from_numpy(np.concatenate([b[1] for b in chosen])).float()
    target = torch.tensor([(b[2] - mean) / std for b in chosen], dtype=torch.float32)
    return categories, values, [len(b[0]) for b in chosen], target


net = BasketNet()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
loss_fn = nn.SmoothL1Loss()
for epoch in range(opt.epochs):
    order = rng.permutation(1000)
    total = 0.0
    for start in range(0, 1000, opt.batch):
        categories, values, sizes, target = pack([baskets[j] for j in order[start : start + opt.batch]])
        loss = loss_fn(net(categories, values, sizes), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(sizes)
    scheduler.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "train loss", round(total / 1000, 4))

with torch.no_grad():
    categories, values, sizes, target = pack(baskets[1000:])
    error = (net(categories, values, sizes) - target).pow(2).mean()
    print("explained variance %.4f" % (1 - error / target.var()).item())
