"""Match a product's sketch with its photo: two encoders and a contrastive objective."""
import argparse

import torch
from torch import nn
import torch.nn.functional as F


def tower(n_in, n_out=16):
    return nn.Sequential(nn.Linear(n_in, 96), nn.ReLU(), nn.Linear(96, n_out))


def paired(n, gen):
    z = torch.randn(n, 6, generator=gen)
    mix_a = torch.randn(6, 30, generator=torch.Generator().manual_seed(1)) / 6 ** 0.5
    mix_b = torch.randn(6, 24, generator=torch.Generator().manual_seed(2)) / 6 ** 0.5
    a = torch.tanh(1.0 * z @ mix_a) + 0.05 * torch.randn(n, 30, generator=gen)
    b = torch.sin(1.0 * z @ mix_b) + 0.05 * torch.randn(n, 24, generator=gen)
    return a, b


def contrastive(za, zb, temperature=0.01):
    za, zb = F.normalize(za, dim=1), F.normalize(zb, dim=1)
    score = za @ zb.T / temperature
    target = torch.arange(len(za))
    return 0.5 * (F.cross_entropy(score, target) + F.cross_entropy(score.T, target))


def recall_at_1(sketch, photo, a, b):
    with torch.no_grad():
        za, zb = F.normalize(sketch(a), dim=1), F.normalize(photo(b), dim=1)
    return ((za @ zb.T).argmax(1) == torch.arange(len(a))).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=600)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(9)
    a, b = paired(6000, gen)
    a_test, b_test = paired(400, gen)

    sketch, photo = tower(30), tower(24)
    opt = torch.optim.Adam([*sketch.parameters(), *photo.parameters()], lr=1e-3)
    for step in range(args.steps):
        idx = torch.randperm(len(a))[:128]
        loss = contrastive(sketch(a[idx]), photo(b[idx]))
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 200 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"recall at one {recall_at_1(sketch, photo, a_test, b_test):.4f}")


if __name__ == "__main__":
    main()
