"""Sort patents into technical fields: a GRU reads each claim, a second GRU reads the claims of a patent."""

import argparse
import os

import numpy as np
import torch
import torch.nn as nn

FIELDS, CLAIMS, WORDS, VOCAB = 6, 4, 8, 240


def write_patents(n, seed):
    jargon = np.random.default_rng(0).permutation(VOCAB).reshape(FIELDS, -1)
    rng = np.random.default_rng(seed)
    field = rng.integers(0, FIELDS, n)
    words = rng.integers(0, VOCAB, (n, CLAIMS, WORDS))
    special = rng.random(words.shape) < 0.4
    picks = rng.integers(0, jargon.shape[1], words.shape)
    words = np.where(special, jargon[field[:, None, None], picks], words)
    return torch.from_numpy(words), torch.from_numpy(field)


class ClaimEncoder(nn.Module):
    def __init__(self, dim=12, hidden=24):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, dim)
        self.gru = nn.GRU(dim, hidden, batch_first=True)

    def forward(self, claim):
        _, h = self.gru(self.embedding(claim))
        return h[-1]


class PatentClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.claims = ClaimEncoder()
        self.patent = nn.GRU(24, 24, batch_first=True)
        self.norm = nn.LayerNorm(24)
        self.out = nn.Linear(24, FIELDS)

    def forward(self, patents):
        encoded = [self.claims(claim) for claim in patents.unbind(1)]
        sequence = torch.stack(encoded, dim=1)
        states, _ = self.patent(sequence)
        return self.out(self.norm(states.mean(dim=1)))


class Runner:
    def __init__(self, model, lr=4e-3):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        self.criterion = nn.CrossEntropyLoss()
        self.history = []

    def fit(self, words, field, epochs, batch_size=50):
        for epoch in range(epochs):
            self.model.train()
            order = torch.randperm(len(words))
            total = 0.0
            for idx in order.split(batch_size):
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(words[idx]), field[idx])
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
                self.optimizer.step()
                total += loss.item() * len(idx)
            self.history.append(total / len(words))
            print(f"[{epoch + 1}/{epochs}] loss {self.history[-1]:.4f}")

    @torch.no_grad()
    def accuracy(self, words, field):
        self.model.eval()
        return (self.model(words).argmax(1) == field).float().mean().item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    runner = Runner(PatentClassifier())
    runner.fit(*write_patents(2500, 1), epochs=6)
    print(f"test accuracy {runner.accuracy(*write_patents(500, 2)):.4f}")
