import os

import torch
import torch.nn as nn
import torch.nn.functional as F

SEED = int(os.environ.get("SEED", 1))
torch.manual_seed(SEED)
FIELDS, VALUES = 6, 12


def impressions(n, taste, appeal):
    """Rows of six categorical fields, and whether the banner was clicked."""
    ids = torch.randint(0, VALUES, (n, FIELDS)) + VALUES * torch.arange(FIELDS)
    v = taste[ids]
    pairs = 0.5 * (v.sum(1).pow(2) - v.pow(2).sum(1)).sum(1)
    logit = 1.5 * pairs + appeal[ids].sum(1)
    return ids, torch.bernoulli(torch.sigmoid(logit))


class FactorizationMachine(nn.Module):
    def __init__(self, n_ids, rank=6):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.linear = nn.Embedding(n_ids, 1)
        self.factors = nn.Parameter(torch.randn(n_ids, rank) * 0.05)
        nn.init.normal_(self.linear.weight, std=0.01)

    def forward(self, ids):
        v = self.factors[ids]
        interactions = 0.5 * (v.sum(1).pow(2) - v.pow(2).sum(1)).sum(1)
        return self.bias + self.linear(ids).sum((1, 2)) + interactions


taste = torch.randn(FIELDS * VALUES, 4) * 0.6
appeal = torch.randn(FIELDS * VALUES) * 0.2
ids, clicks = impressions(6000, taste, appeal)
test_ids, test_clicks = impressions(2000, taste, appeal)

model = FactorizationMachine(FIELDS * VALUES)
named = list(model.named_parameters())
groups = [
    {"params": [p for name, p in named if name.endswith("weight")], "weight_decay": 1e-4},
    {"params": [p for name, p in named if not name.endswith("weight")], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=0.02)

for epoch in range(8):
    order = torch.randperm(len(ids))
    losses = []
    for rows in order.split(100):
        optimizer.zero_grad(set_to_none=True)
        loss = F.binary_cross_entropy_with_logits(model(ids[rows]), clicks[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    with torch.no_grad():
        held_out = F.binary_cross_entropy_with_logits(model(test_ids), test_clicks)
    print("epoch %d: log loss %.4f, held out %.4f" % (epoch, torch.stack(losses).mean(), held_out))

with torch.no_grad():
    hits = ((model(test_ids) > 0).float() == test_clicks).float().mean()
print("click accuracy: %.4f" % hits)
