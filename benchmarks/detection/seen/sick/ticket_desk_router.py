"""Send a support ticket to the right one of seven desks."""

import argparse
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

DESKS = ["billing", "network", "hardware", "accounts", "printing", "security", "travel"]
VOCAB = 500
WORDS = 18


class Tickets(Dataset):
    def __init__(self, n, seed):
        common = np.random.default_rng(100)
        habits = common.dirichlet(np.full(VOCAB, 0.08), size=len(DESKS))
        background = common.dirichlet(np.ones(VOCAB))
        rng = np.random.default_rng(seed)
        self.desk = rng.integers(0, len(DESKS), n)
        self.words = np.stack(
            [rng.choice(VOCAB, WORDS, p=0.5 * habits[d] + 0.5 * background) for d in self.desk]
        )

    def __len__(self):
        return len(self.desk)

    def __getitem__(self, i):
        return torch.from_numpy(self.words[i]), int(self.desk[i])


class Router(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(VOCAB, 32, mode="mean")
        self.hidden = nn.Linear(32, 32)
        self.output = nn.Linear(32, 1)

    def forward(self, words):
        h = torch.relu(self.hidden(self.embedding(words)))
        return self.output(h).squeeze(1)


def evaluate(model, loader):
    model.eval()
    correct = total = 0
    with torch.no_grad():
        for words, desk in loader:
            predicted = model(words).round().long()
            correct += (predicted == desk).sum().item()
            total += len(desk)
    return correct / total


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    p.add_argument("--epochs", type=int, default=6)
    args = p.parse_args()
    torch.manual_seed(args.seed)
    train_loader = DataLoader(Tickets(2600, seed=1), batch_size=50, shuffle=True)
    test_loader = DataLoader(Tickets(600, seed=2), batch_size=200)

    model = Router()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.004)
    for epoch in range(1, args.epochs + 1):
        model.train()
        losses = []
        for words, desk in train_loader:
            loss = criterion(model(words), desk.float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(f"epoch {epoch:2d} loss {np.mean(losses):.4f}")
    print(f"test accuracy {evaluate(model, test_loader):.4f}")


if __name__ == "__main__":
    main()
