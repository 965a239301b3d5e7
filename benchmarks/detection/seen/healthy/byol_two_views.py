"""Two noisy views of a sensor pattern, a slow copy of the net as the teacher, no labels and no negatives."""
import argparse
import copy

import torch
import torch.nn.functional as F
from torch import nn


def patterns(n, prototypes):
    kind = torch.randint(0, len(prototypes), (n,))
    return prototypes[kind] + 0.3 * torch.randn(n, prototypes.shape[1]), kind


def view(x):
    keep = (torch.rand_like(x) > 0.2).float()
    return x * keep + 0.3 * torch.randn_like(x)


class Encoder(nn.Module):
    def __init__(self, n_in=40, width=96, n_out=24):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(n_in, width), nn.BatchNorm1d(width), nn.ReLU(),
            nn.Linear(width, n_out),
        )

    def forward(self, x):
        return self.net(x)


def predictor():
    return nn.Sequential(nn.Linear(24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 24))


def probe(encoder, x, y, x_test, y_test):
    """nearest class mean in the representation"""
    encoder.eval()
    with torch.no_grad():
        z, zt = encoder(x), encoder(x_test)
        means = torch.stack([z[y == k].mean(0) for k in range(int(y.max()) + 1)])
        hits = (torch.cdist(zt, means).argmin(1) == y_test).float().mean().item()
    encoder.train()
    return hits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    prototypes = torch.randn(8, 40)
    x, y = patterns(2000, prototypes)
    x_test, y_test = patterns(500, prototypes)

    online, head = Encoder(), predictor()
    teacher = copy.deepcopy(online).requires_grad_(False)
    optimizer = torch.optim.AdamW([*online.parameters(), *head.parameters()], lr=2e-3, weight_decay=1e-3)
    print(f"before: nearest mean {probe(online, x, y, x_test, y_test):.3f}")

    for step in range(400):
        batch = x[torch.randint(0, len(x), (100,))]
        one, two = view(batch), view(batch)
        with torch.no_grad():
            t_one, t_two = teacher(one), teacher(two)
        loss = 2 - F.cosine_similarity(head(online(one)), t_two).mean() - F.cosine_similarity(head(online(two)), t_one).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(teacher.parameters(), online.parameters()):
                slow.lerp_(fast, 0.03)
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    print(f"nearest mean accuracy {probe(online, x, y, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
