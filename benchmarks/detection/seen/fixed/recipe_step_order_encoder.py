"""Does a list of kitchen steps contain one that must not follow another? A two-layer encoder decides."""
import os
from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Settings:
    seed: int = int(os.environ.get("SEED", 0))
    steps: int = 10
    vocabulary: int = 12
    width: int = 32
    heads: int = 4
    learning_rate: float = 2e-3
    weight_decay: float = 1e-5
    batch_size: int = 50
    epochs: int = 6


class StepEncoder(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.word = nn.Embedding(s.vocabulary, s.width)
        self.place = nn.Parameter(torch.randn(s.steps, s.width) * 0.1)
        layer = nn.TransformerEncoderLayer(
            s.width, s.heads, 64, dropout=0.0, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.answer = nn.Linear(s.width, 1)

    def forward(self, tokens):
        return self.answer(self.encoder(self.word(tokens) + self.place).mean(1)).squeeze(1)


def kitchen_lists(count, s):
    tokens = torch.randint(2, s.vocabulary, (count, s.steps))
    order = torch.rand(count, s.steps).argsort(1)[:, :2].sort(1).values
    rows = torch.arange(count)
    wrong = torch.rand(count) < 0.5
    tokens[rows, order[:, 0]] = torch.where(wrong, 1, 0)
    tokens[rows, order[:, 1]] = torch.where(wrong, 0, 1)
    return tokens, wrong.float()


class Trainer:
    def __init__(self, settings):
        self.s = settings
        torch.manual_seed(settings.seed)
        self.train_data = kitchen_lists(2000, settings)
        self.test_data = kitchen_lists(600, settings)
        self.model = StepEncoder(settings)
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.criterion = nn.BCEWithLogitsLoss()

    def train_epoch(self):
        self.model.train()
        tokens, wrong = self.train_data
        total = 0.0
        for rows in torch.randperm(len(tokens)).split(self.s.batch_size):
            loss = self.criterion(self.model(tokens[rows]), wrong[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            total += loss.item() * len(rows)
        return total / len(tokens)

    @torch.no_grad()
    def test(self):
        self.model.eval()
        tokens, wrong = self.test_data
        return ((self.model(tokens) > 0) == (wrong > 0.5)).float().mean().item()

    def run(self):
        for epoch in range(self.s.epochs):
            loss = self.train_epoch()
            print(f"epoch {epoch}: loss {loss:.4f}, test accuracy {self.test():.4f}")


trainer = Trainer(Settings())
trainer.run()
print(f"final accuracy {trainer.test():.4f}")
