"""Digits by error-correcting output codes: fifteen yes/no questions, the class with the nearest code word wins."""

import os

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

BITS = 15


def code_book(gen, classes=10):
    """The best of many random tables by smallest distance between rows; no column all alike."""
    best, distance = None, -1
    for _ in range(300):
        table = torch.randint(0, 2, (classes, BITS), generator=gen)
        gaps = (table[:, None] != table[None]).sum(-1) + BITS * torch.eye(classes, dtype=torch.long)
        share = table.float().mean(0)
        if gaps.min() > distance and share.min() >= 0.3 and share.max() <= 0.7:
            best, distance = table, gaps.min().item()
    return best.float(), distance


def main():
    seed = int(os.environ.get("SEED", 0))
    torch.manual_seed(seed)
    X, y = load_digits(return_X_y=True)
    X_tr, X_te, y_tr, y_te = train_test_split(X / 16.0, y, test_size=0.25, random_state=4, stratify=y)
    X_tr, X_te = torch.tensor(X_tr).float(), torch.tensor(X_te).float()
    y_tr, y_te = torch.tensor(y_tr), torch.tensor(y_te)
    codes, distance = code_book(torch.Generator().manual_seed(12))
    print(f"code words differ in at least {distance} of {BITS} bits")

    net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, BITS))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(16):
        net.train()
        for idx in torch.randperm(len(X_tr)).split(48):
            optimizer.zero_grad()
            loss = criterion(net(X_tr[idx]), codes[y_tr[idx]])
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            print(f"epoch {epoch} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        for name, data, truth in (("train", X_tr, y_tr), ("test", X_te, y_te)):
            bits = torch.sigmoid(net(data))
            nearest = (bits[:, None] - codes[None]).abs().sum(-1).argmin(1)
            print(f"{name} accuracy {(nearest == truth).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
