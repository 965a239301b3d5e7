"""Six face-up cards, one per suit, each with a number; then a suit is called. Say its number."""

import argparse
import os

import torch
import torch.nn as nn

SUITS, NUMBERS = 6, 4


class CardPlayer(nn.Module):
    def __init__(self, width=32, heads=4, layers=1):
        super().__init__()
        self.suit = nn.Embedding(SUITS, width)
        self.number = nn.Embedding(NUMBERS + 1, width)  # the last one: no number, this card asks
        self.blocks = nn.ModuleList(
            [
                nn.TransformerEncoderLayer(width, heads, dim_feedforward=64, dropout=0.0, batch_first=True)
                for _ in range(layers)
            ]
        )
        self.answer = nn.Linear(width, NUMBERS)

    def forward(self, suits, numbers):
        h = self.suit(suits) + self.number(numbers)
        for block in self.blocks:
            h = block(h)
        return self.answer(h[:, -1])


def deal(n):
    suits = torch.rand(n, SUITS).argsort(1)
    numbers = torch.randint(0, NUMBERS, (n, SUITS))
    pick = torch.randint(0, SUITS, (n, 1))
    asked = suits.gather(1, pick)
    blank = torch.full((n, 1), NUMBERS)
    return torch.cat([suits, asked], 1), torch.cat([numbers, blank], 1), numbers.gather(1, pick).squeeze(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    model = CardPlayer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    for step in range(1, args.steps + 1):
        suits, numbers, target = deal(args.batch_size)
        loss = criterion(model(suits, numbers), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.4f}")

    model.eval()
    suits, numbers, target = deal(1000)
    with torch.no_grad():
        hits = sum(
            (model(s, n).argmax(1) == t).sum().item()
            for s, n, t in zip(suits.split(100), numbers.split(100), target.split(100), strict=True)
        )
    print(f"right answers {hits / 1000:.4f}")


if __name__ == "__main__":
    main()
