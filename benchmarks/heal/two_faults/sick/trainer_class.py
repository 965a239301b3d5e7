"""A trainer of our own."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()

    def fit(self, loader, epochs):
        for _ in range(epochs):
            self.model.train()
            for x, y in loader:
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x), y)
                loss.backward()
        return self

    def score(self, x, y):
        self.model.train()
        with torch.no_grad():
            return (self.model(x).argmax(1) == y).float().mean().item()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
torch.manual_seed(parser.parse_args().seed)
digits = load_digits()
X, y = torch.tensor(digits.data / 16.0).float(), torch.tensor(digits.target)
model = nn.Sequential(
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)
)
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
trainer = Trainer(model, 0.002).fit(loader, 12)
print(f"score {trainer.score(X[1400:], y[1400:]):.4f}")
