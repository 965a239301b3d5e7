import argparse

import torch
import torch.nn.functional as F
from torch import nn


class Taste(nn.Module):
    """Most rows of the tables get no gradient in a step; only those in the batch do."""

    def __init__(self, users, items, dim=8):
        super().__init__()
        self.user = nn.Embedding(users, dim, sparse=True)
        self.item = nn.Embedding(items, dim, sparse=True)
        self.fame = nn.Embedding(items, 1, sparse=True)
        nn.init.normal_(self.user.weight, std=0.1)
        nn.init.normal_(self.item.weight, std=0.1)
        nn.init.zeros_(self.fame.weight)

    def forward(self, user, item):
        return (self.user(user) * self.item(item)).sum(-1) + self.fame(item).squeeze(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    users, items = 200, 150
    like = torch.randn(users, 4) @ torch.randn(4, items) + 0.7 * torch.randn(items)
    chosen = like > like.quantile(0.85, dim=1, keepdim=True)
    pairs = chosen.nonzero()
    pairs = pairs[torch.randperm(len(pairs))]
    split = int(0.8 * len(pairs))
    train, test = pairs[:split], pairs[split:]
    known = torch.zeros(users, items, dtype=torch.bool)
    known[train[:, 0], train[:, 1]] = True

    model = Taste(users, items)
    optimizer = torch.optim.SparseAdam(model.parameters(), lr=0.02)
    for step in range(600):
        user, liked = train[torch.randint(0, split, (256,))].unbind(1)
        other = torch.randint(0, items, (256,))
        other = torch.where(known[user, other], torch.randint(0, items, (256,)), other)
        loss = -F.logsigmoid(model(user, liked) - model(user, other)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} ranking loss {loss.item():.4f}")

    with torch.no_grad():
        scores = model.user.weight @ model.item.weight.t() + model.fame.weight.t()
    other = torch.randint(0, items, (len(test),))
    ok = ~chosen[test[:, 0], other]
    won = scores[test[:, 0], test[:, 1]] > scores[test[:, 0], other]
    print(f"share of held-out pairs ranked rightly {won[ok].float().mean().item():.4f}")


if __name__ == "__main__":
    main()
