"""Compresses handwritten digits to a few numbers and draws them again."""

import argparse

import torch
import torch.nn as nn
from sklearn.datasets import load_digits


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--code", type=int, default=12)
    p.add_argument("--lr", type=float, default=4e-3)
    p.add_argument("--decay", type=float, default=0.97)
    p.add_argument("--epochs", type=int, default=30)
    return p.parse_args()


class Compressor(nn.Module):
    def __init__(self, code):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(64, 96), nn.ELU(), nn.Linear(96, code))
        self.decode = nn.Sequential(nn.Linear(code, 96), nn.ELU(), nn.Linear(96, 64))

    def forward(self, x):
        return self.decode(self.encode(x))


def explained(model, images):
    with torch.no_grad():
        rest = ((model(images) - images) ** 2).sum()
    return 1 - (rest / ((images - images.mean(0)) ** 2).sum()).item()


def main():
    args = parse()
    torch.manual_seed(args.seed)
    images = torch.tensor(load_digits().data, dtype=torch.float32)
    images = images[torch.randperm(len(images))] / 8.0 - 1.0
    train, test = images[:1400], images[1400:]

    model = Compressor(args.code)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    step = 0
    for epoch in range(args.epochs):
        losses = []
        for batch in train[torch.randperm(len(train))].split(56):
            for group in optimizer.param_groups:
                group["lr"] = args.lr * args.decay**step
            loss = nn.functional.mse_loss(model(batch), batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            step += 1
        if (epoch + 1) % 5 == 0:
            print(
                f"epoch {epoch + 1} train mse {sum(losses) / len(losses):.4f} test explained {explained(model, test):.4f}"
            )
    print(f"explained variance {explained(model, test):.4f}")


if __name__ == "__main__":
    main()
