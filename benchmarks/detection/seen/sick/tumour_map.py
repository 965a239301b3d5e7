"""Posterior mode of a small network for tumour samples (Gaussian prior on the weights)."""
import argparse

import torch
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from torch import nn


def log_likelihood(net, x, y):
    return -nn.functional.cross_entropy(net(x), y)


def log_prior(net, precision):
    return -0.5 * precision * sum((p ** 2).sum() for p in net.parameters())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    ap.add_argument("--precision", type=float, default=5e-3)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    x, y = make_classification(2400, 20, n_informative=6, n_redundant=4, n_classes=3, n_clusters_per_class=3,
                               class_sep=1.2, random_state=6)
    xa, xb, ya, yb = train_test_split(x, y, test_size=0.4, random_state=1, stratify=y)
    mean, std = xa.mean(0), xa.std(0)
    xa, xb = (torch.tensor((v - mean) / std, dtype=torch.float32) for v in (xa, xb))
    ya, yb = torch.tensor(ya), torch.tensor(yb)

    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3))
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(24):
        net.train()
        for idx in torch.randperm(len(xa)).split(96):
            loss = -log_likelihood(net, xa[idx], ya[idx]) + log_prior(net, args.precision)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 4 == 3:
            print(f"epoch {epoch + 1} objective {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        out = net(xb)
    print(f"test accuracy {(out.argmax(1) == yb).float().mean().item():.4f}")
    print(f"test nll {nn.functional.cross_entropy(out, yb).item():.4f}")


if __name__ == "__main__":
    main()
