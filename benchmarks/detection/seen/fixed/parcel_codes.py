"""Check parcel codes: does the check symbol in front turn up in the body?"""
import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


@dataclass
class Cfg:
    symbols: int = 8
    length: int = 8
    dim: int = 32
    epochs: int = 11
    lr: float = 2e-3


cfg = Cfg()


def codes(n, seed):
    rng = np.random.default_rng(seed)
    code = rng.integers(0, cfg.symbols, (n, cfg.length))
    absent = rng.random(n) < 0.25
    for row in np.where(absent)[0]:
        body = code[row, 1:]
        body[body == code[row, 0]] = (code[row, 0] + rng.integers(1, cfg.symbols)) % cfg.symbols
    valid = (code[:, 1:] == code[:, :1]).any(1)
    return torch.tensor(code), torch.tensor(valid, dtype=torch.long)


class Checker(nn.Module):
    def __init__(self):
        super().__init__()
        self.symbol = nn.Embedding(cfg.symbols, cfg.dim)
        self.place = nn.Parameter(0.5 * torch.randn(cfg.length, cfg.dim))
        layer = nn.TransformerEncoderLayer(cfg.dim, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2)
        self.out = nn.Linear(cfg.dim, 2)

    def forward(self, code):
        h = self.symbol(code) + self.place
        return self.out(self.encoder(h)[:, 0])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    seed = ap.parse_args().seed
    train, test = TensorDataset(*codes(3000, 1)), TensorDataset(*codes(1000, 2))
    torch.manual_seed(seed)
    model = Checker()
    opt = torch.optim.AdamW(model.parameters(), lr=cfg.lr)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(cfg.epochs):
        model.train()
        for code, valid in DataLoader(train, batch_size=75, shuffle=True):
            loss = loss_fn(model(code), valid)
            opt.zero_grad()
            loss.backward()
            opt.step()
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")
    model.eval()
    right = 0
    with torch.no_grad():
        for code, valid in DataLoader(test, batch_size=100):
            right += (model(code).argmax(1) == valid).sum().item()
    print(f"test accuracy {right / len(test):.4f}")


main()
