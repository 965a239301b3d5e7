"""Dictionary of pen strokes: an overcomplete autoencoder that keeps only a few units per image."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn


class TopK(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k

    def forward(self, a):
        a = torch.relu(a)
        kept = a.topk(self.k, dim=1)
        return torch.zeros_like(a).scatter(1, kept.indices, kept.values)


class Strokes(nn.Module):
    def __init__(self, units=160, k=12):
        super().__init__()
        self.encode = nn.Linear(64, units)
        self.keep = TopK(k)
        self.decode = nn.Linear(units, 64)
        with torch.no_grad():
            self.decode.weight.copy_(self.encode.weight.T)

    def forward(self, x):
        return self.decode(self.keep(self.encode(x)))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    x = torch.tensor(load_digits().data, dtype=torch.float32)
    x = x[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
    train, test = x[:1400], x[1400:]
    mean = train.mean(0)
    scale = (train - mean).std()
    train, test = (train - mean) / scale, (test - mean) / scale
    torch.manual_seed(seed)
    model = Strokes()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(35):
        model.train()
        for idx in torch.randperm(len(train)).split(56):
            loss = nn.functional.mse_loss(model(train[idx]), train[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} loss {loss.item():.4f}")
    model.eval()
    with torch.no_grad():
        explained = 1 - nn.functional.mse_loss(model(test), test) / test.var()
    print(f"variance explained {explained.item():.4f}")


if __name__ == "__main__":
    main()
