"""Puts jumbled books back in order: a set of scores made doubly stochastic by Sinkhorn's iterations."""

import argparse
import os

import torch
import torch.nn as nn

BOOKS = 7


def sinkhorn(log_p, rounds=8):
    for _ in range(rounds):
        log_p = log_p - torch.logsumexp(log_p, dim=2, keepdim=True)
        log_p = log_p - torch.logsumexp(log_p, dim=1, keepdim=True)
    return log_p


class Librarian(nn.Module):
    def __init__(self):
        super().__init__()
        self.look = nn.Sequential(nn.Linear(5, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
        self.place = nn.Linear(64, BOOKS)

    def forward(self, books):
        seen = self.look(books)
        shelf = seen.mean(dim=1, keepdim=True).expand_as(seen)
        return sinkhorn(self.place(torch.cat([seen, shelf], dim=2)) / 0.5)


def jumble(n):
    books = torch.randn(n, BOOKS, 5)
    height = books[..., 0] + 0.7 * torch.tanh(2 * books[..., 1]) - 0.4 * books[..., 2] ** 2
    return books, height.argsort(dim=1).argsort(dim=1)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--steps", type=int, default=500)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    net = Librarian()
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    cool = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    for step in range(args.steps):
        books, place = jumble(48)
        log_p = net(books)
        loss = -log_p.gather(2, place[..., None]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        cool.step()
        if step % 50 == 0:
            print(f"step {step:3d} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        books, place = jumble(600)
        guess = net(books).argmax(2)
    print(f"one place off at most {((guess - place).abs() <= 1).float().mean().item():.4f} (by chance 0.39)")
    print(f"books in their place {(guess == place).float().mean().item():.4f} (by chance {1 / BOOKS:.4f})")


if __name__ == "__main__":
    main()
