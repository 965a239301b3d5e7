import argparse
import os

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def load_vectors(path, vocabulary, dim):
    if os.path.exists(path):
        return torch.load(path)
    return torch.randn(vocabulary, dim) * 0.3


def reviews(n, valence, length=10):
    words = torch.randint(0, len(valence), (n, length))
    return words, torch.tanh(valence[words].mean(1) * 1.5)


class ReviewScore(nn.Module):
    def __init__(self, vectors, hidden=48):
        super().__init__()
        self.words = nn.Embedding.from_pretrained(vectors, freeze=False)
        self.attend = nn.Linear(vectors.shape[1], 1)
        self.mlp = nn.Sequential(nn.Linear(vectors.shape[1], hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, x):
        e = self.words(x)
        weight = torch.softmax(self.attend(e), dim=1)
        return self.mlp((weight * e).sum(1)).squeeze(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vectors", default="vectors.50d.pt")
    parser.add_argument("--dim", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    valence = torch.randn(300)
    words, score = reviews(2400, valence)
    test_words, test_score = reviews(500, valence)
    loader = DataLoader(TensorDataset(words, score), batch_size=40, shuffle=True)
    model = ReviewScore(load_vectors(args.vectors, 300, args.dim))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.MSELoss()
    for epoch in range(6):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch}: mse {total / len(loader):.4f}")
    with torch.no_grad():
        r2 = 1 - criterion(model(test_words), test_score) / test_score.var()
    print(f"test r2 {r2.item():.4f}")


if __name__ == "__main__":
    main()
