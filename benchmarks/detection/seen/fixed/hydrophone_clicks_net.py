"""Click trains under water: which of four whales? Ten convolutions with batch norm, a Trainer
class around them."""

import argparse
import os

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def click_trains(n, length=64):
    whale = torch.randint(0, 4, (n,))
    gap = torch.tensor([7, 9, 12, 16])[whale] + torch.randint(0, 2, (n,))
    t = torch.arange(length)
    since = (t[None, :] + torch.randint(0, 16, (n, 1))) % gap[:, None]
    signal = torch.exp(-since / 1.5) * (0.9 + 0.4 * torch.rand(n, 1)) - 0.2
    return (signal + 0.35 * torch.randn(n, length)).unsqueeze(1), whale


def conv_block(inputs, outputs, stride):
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(),
    )


class ClickNet(nn.Module):
    def __init__(self, widths=(12, 12, 12, 16, 16, 16, 16, 20, 20, 20)):
        super().__init__()
        blocks, previous = [], 1
        for i, width in enumerate(widths):
            blocks.append(conv_block(previous, width, stride=2 if i in (2, 6) else 1))
            previous = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(previous, 4)

    def forward(self, x):
        return self.head(self.blocks(x).mean(dim=2))


def describe(model, example):
    """One line per block: shape of what leaves it."""
    model.eval()
    with torch.no_grad():
        for i, block in enumerate(model.blocks):
            example = block(example)
            print(f"block {i}: {tuple(example.shape[1:])}")
    print("parameters:", sum(p.numel() for p in model.parameters()))


class Trainer:
    def __init__(self, model, lr, epochs):
        self.model, self.epochs = model, epochs
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, weight_decay=1e-4)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, T_max=epochs)

    def fit(self, loader):
        for epoch in range(self.epochs):
            self.model.train()
            seen, total = 0, 0.0
            for x, y in loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(x)
                seen += len(x)
            self.schedule.step()
            print(f"epoch {epoch}: {total / seen:.4f}")

    def score(self, x, y):
        self.model.eval()
        with torch.no_grad():
            return (self.model(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=0.05)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train, test = click_trains(1600), click_trains(600)
    net = ClickNet()
    describe(net, train[0][:2])
    trainer = Trainer(net, args.lr, args.epochs)
    trainer.fit(DataLoader(TensorDataset(*train), batch_size=40, shuffle=True))
    print(f"test accuracy {trainer.score(*test):.4f}")
