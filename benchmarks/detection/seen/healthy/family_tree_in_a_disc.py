"""A family tree laid into the hyperbolic disc: parents inside, children towards the rim. No
optimizer object."""

import argparse
import os

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--steps", type=int, default=600)
args = parser.parse_args()
torch.manual_seed(args.seed)

parent = [-1]
for generation in range(3):
    first, last = len(parent) - 4**generation, len(parent)
    parent += [p for p in range(first, last) for _ in range(4)]
people = len(parent)
related = torch.zeros(people, people, dtype=torch.bool)
for person in range(people):
    up = parent[person]
    while up >= 0:
        related[person, up] = True
        up = parent[up]
pairs = related.nonzero()
pairs = pairs[torch.randperm(len(pairs))]
unseen, pairs = pairs[:40], pairs[40:]
strangers = ~(related | related.T | torch.eye(people, dtype=torch.bool))

place = (0.001 * torch.randn(people, 2)).requires_grad_()


def distance(a, b):
    gap = ((a - b) ** 2).sum(-1)
    room = (1 - (a**2).sum(-1)) * (1 - (b**2).sum(-1))
    z = 1 + 2 * gap / room.clamp_min(1e-6)
    return torch.log(z + torch.sqrt(z**2 - 1 + 1e-9))


def mean_rank(which):
    with torch.no_grad():
        own = distance(place[which[:, 0]], place[which[:, 1]])
        others = distance(place[which[:, 0]].unsqueeze(1), place.unsqueeze(0))
        return ((others < own.unsqueeze(1)) & strangers[which[:, 0]]).float().sum(1).mean().item() + 1


print(
    f"{people} people, {len(pairs)} pairs to learn;",
    f"rank of an unseen ancestor before: {mean_rank(unseen):.1f}",
)
for step in range(args.steps):
    rate = 0.03 if step < 60 else 0.3
    batch = pairs[torch.randint(0, len(pairs), (64,))]
    false = torch.multinomial(strangers[batch[:, 0]].float(), 10)
    near = distance(place[batch[:, 0]], place[batch[:, 1]]).unsqueeze(1)
    far = distance(place[batch[:, 0]].unsqueeze(1), place[false])
    loss = torch.logsumexp(-torch.cat([near, far], 1), 1).mean() + near.mean()
    (slope,) = torch.autograd.grad(loss, place)
    with torch.no_grad():
        slope *= (1 - (place**2).sum(1, keepdim=True)) ** 2 / 4
        place -= 64 * rate * slope / 4
        size = place.norm(dim=1, keepdim=True)
        place *= torch.where(size > 0.995, 0.995 / size, torch.ones_like(size))
    if step % 100 == 99:
        print(
            f"step {step + 1}: loss {loss.item():.3f}",
            f"rank, learnt {mean_rank(pairs):.2f}, unseen {mean_rank(unseen):.2f}",
        )
