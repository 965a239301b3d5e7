"""Who will write with whom? A graph autoencoder: two rounds of averaging over neighbours, links
from dot products."""

import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F


def research_community(people=240, fields=6, traits=24):
    field = torch.randint(0, fields, (people,))
    same = field[:, None] == field[None, :]
    chance = torch.where(same, torch.tensor(0.22), torch.tensor(0.015))
    links = torch.triu(torch.rand(people, people) < chance, diagonal=1)
    profile = torch.randn(fields, traits)[field] + 1.5 * torch.randn(people, traits)
    return links, profile


class LinkPredictor(nn.Module):
    def __init__(self, traits, hidden=32, out=12):
        super().__init__()
        self.first = nn.Linear(traits, hidden)
        self.second = nn.Linear(hidden, out)
        self.offset = nn.Parameter(torch.tensor(0.0))

    def encode(self, x, mix):
        h = F.relu(mix @ self.first(x))
        return mix @ self.second(h)

    def decode(self, z, pairs):
        score = (z[pairs[:, 0]] * z[pairs[:, 1]]).sum(1) + self.offset
        return torch.sigmoid(score)

    def forward(self, x, mix, pairs):
        return self.decode(self.encode(x, mix), pairs)


def strangers(links, n):
    pairs = torch.randint(0, len(links), (4 * n, 2))
    known = (links | links.T)[pairs[:, 0], pairs[:, 1]] | (pairs[:, 0] == pairs[:, 1])
    return pairs[~known][:n]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    links, profile = research_community()
    edges = links.nonzero()
    edges = edges[torch.randperm(len(edges))]
    held_out, edges = edges[: len(edges) // 5], edges[len(edges) // 5 :]
    adjacency = torch.eye(len(profile))
    adjacency[edges[:, 0], edges[:, 1]] = 1
    adjacency[edges[:, 1], edges[:, 0]] = 1
    mix = adjacency / adjacency.sum(1, keepdim=True)

    model = LinkPredictor(profile.shape[1])
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3, weight_decay=1e-4)
    for step in range(args.steps):
        chosen = edges[torch.randint(0, len(edges), (256,))]
        others = strangers(links, 256)
        pairs = torch.cat([chosen, others])
        target = torch.cat([torch.ones(len(chosen)), torch.zeros(len(others))])
        loss = criterion(model(profile, mix, pairs), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 60 == 0:
            print(step, f"{loss.item():.4f}")

    with torch.no_grad():
        others = strangers(links, len(held_out))
        pairs = torch.cat([held_out, others])
        target = torch.cat([torch.ones(len(held_out)), torch.zeros(len(others))])
        chance = model(profile, mix, pairs).clamp(1e-4, 1 - 1e-4)
        log_loss = F.binary_cross_entropy(chance, target).item()
        hit = ((chance > 0.5) == (target > 0.5)).float().mean().item()
    print(f"held-out pairs: accuracy {hit:.3f}, log loss {log_loss:.4f}")


if __name__ == "__main__":
    main()
