import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def train_one_epoch(self, x, y, batch_size=64):
        self.model.train()
        order = torch.randperm(len(x))
        running = 0.0
        for start in range(0, len(x), batch_size):
            rows = order[start:start + batch_size]
            self.optimizer.zero_grad()
            output = self.model(x[rows])
            loss = self.criterion(output, y[rows])
            loss.backward()
            self.optimizer.step
            running += loss.item() * len(rows)
        return running / len(x)

    @torch.no_grad()
    def evaluate(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(dim=1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=20)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    data = load_digits()
    x = torch.tensor(data.data, dtype=torch.float32) / 16
    y = torch.tensor(data.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]

    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    trainer = Trainer(model, lr=1e-3)
    for epoch in range(args.epochs):
        loss = trainer.train_one_epoch(x[:1400], y[:1400])
        print(f"epoch {epoch:2d}  loss {loss:.4f}")
    print(f"test accuracy {trainer.evaluate(x[1400:], y[1400:]):.4f}")


if __name__ == "__main__":
    main()
