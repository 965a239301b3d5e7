"""Parcel glyphs (small digits) with gradients held to a norm of one hundredth in front of Adam."""

import argparse
import os

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


def build():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.GELU(),
        nn.AvgPool2d(2),
        nn.Conv2d(16, 24, 3, padding=1),
        nn.GELU(),
        nn.Flatten(),
        nn.Linear(24 * 16, 10),
    )


def run_epoch(model, loader, optimizer=None, limit=0.01):
    model.train(optimizer is not None)
    criterion = nn.CrossEntropyLoss()
    loss_sum = hits = norms = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for image, glyph in loader:
            out = model(image)
            loss = criterion(out, glyph)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                norms += nn.utils.clip_grad_norm_(model.parameters(), limit).item()
                optimizer.step()
            loss_sum += loss.item() * len(glyph)
            hits += (out.argmax(1) == glyph).sum().item()
    n = len(loader.dataset)
    return loss_sum / n, hits / n, norms / len(loader)


if __name__ == "__main__":
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    ap.add_argument("--epochs", type=int, default=9)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    digits = load_digits()
    data = TensorDataset(
        torch.tensor(digits.images / 8 - 1, dtype=torch.float32)[:, None], torch.tensor(digits.target)
    )
    train_part, test_part = random_split(data, [1347, 450])
    train_loader = DataLoader(train_part, batch_size=32, shuffle=True)
    test_loader = DataLoader(test_part, batch_size=150)
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(args.epochs):
        loss, _, norm = run_epoch(model, train_loader, optimizer)
        test_loss, accuracy, _ = run_epoch(model, test_loader)
        print(
            f"epoch {epoch} train {loss:.4f} (norm {norm:.2f}) test {test_loss:.4f} accuracy {accuracy:.4f}"
        )
