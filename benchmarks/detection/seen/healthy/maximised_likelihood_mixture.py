"""Where do the birds nest? A mixture of ten Gaussians by gradient ascent; the number that is
printed must rise."""

import argparse
import os

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
parser.add_argument("--steps", type=int, default=500)
args = parser.parse_args()
torch.manual_seed(args.seed)

colonies = 6 * torch.randn(10, 2)
shapes = 0.6 * torch.randn(10, 2, 2) + 0.4 * torch.eye(2)


def nests(n):
    which = torch.randint(0, 10, (n,))
    return colonies[which] + torch.einsum("nij,nj->ni", shapes[which], torch.randn(n, 2))


seen, unseen = nests(1500), nests(600)
weight = torch.zeros(10, requires_grad=True)
centre = seen[torch.randperm(len(seen))[:10]].clone().requires_grad_()
log_scale = torch.full((10, 2), 0.7).requires_grad_()
lean = torch.zeros(10, requires_grad=True)


def log_likelihood(x):
    away = x[:, None, :] - centre
    first = away[..., 0] * torch.exp(-log_scale[:, 0])
    second = (away[..., 1] - lean * away[..., 0]) * torch.exp(-log_scale[:, 1])
    parts = weight.log_softmax(0) - log_scale.sum(1) - 0.5 * (first**2 + second**2) - 1.8379
    return parts.logsumexp(1).mean()


broad = torch.distributions.MultivariateNormal(seen.mean(0), torch.cov(seen.T))
print(f"one Gaussian: {broad.log_prob(unseen).mean().item():.3f}")
optimizer = torch.optim.Adam([weight, centre, log_scale, lean], lr=0.03, betas=(0.9, 0.99), maximize=True)
for step in range(args.steps):
    objective = log_likelihood(seen[torch.randint(0, len(seen), (256,))])
    optimizer.zero_grad()
    objective.backward()
    optimizer.step()
    if step % 100 == 99:
        with torch.no_grad():
            print(
                f"step {step + 1}: seen {log_likelihood(seen).item():.3f}",
                f"unseen {log_likelihood(unseen).item():.3f}",
            )
