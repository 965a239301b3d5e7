import argparse

import torch
from sklearn.datasets import make_friedman1
from torch import nn


class PriceModel(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(features, 48), nn.BatchNorm1d(48), nn.ReLU(),
            nn.Linear(48, 32), nn.ReLU(),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.layers(x).squeeze(1)


class Trainer:
    def __init__(self, model, l2=0.05, lr=2e-3):
        self.model, self.l2 = model, l2
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.SmoothL1Loss()

    def penalty(self):
        return sum(p.pow(2).sum() for p in self.model.parameters())

    def fit(self, x, y, epochs, batch_size=40):
        for epoch in range(epochs):
            self.model.train()
            total = 0.0
            for rows in torch.randperm(len(x)).split(batch_size):
                loss = self.criterion(self.model(x[rows]), y[rows]) + self.l2 * self.penalty()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(rows)
            print(f"epoch {epoch + 1:2d} objective {total / len(x):.4f}")

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return (1 - (self.model(x) - y).pow(2).sum() / (y - y.mean()).pow(2).sum()).item()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=9)
args = parser.parse_args()
torch.manual_seed(args.seed)
x, y = make_friedman1(1800, n_features=10, noise=0.5, random_state=args.seed)
x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
x = (x - 0.5) / 0.29
y = (y - y[:1400].mean()) / y[:1400].std()
trainer = Trainer(PriceModel(10))
trainer.fit(x[:1400], y[:1400], args.epochs)
print(f"test r2 {trainer.score(x[1400:], y[1400:]):.4f}")
