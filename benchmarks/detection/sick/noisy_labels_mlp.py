import argparse

import torch
import torch.nn as nn
from sklearn.datasets import make_classification
from torch.utils.data import DataLoader, TensorDataset


def evaluate(model, loader, criterion):
    model.eval()
    loss, correct, n = 0.0, 0, 0
    with torch.no_grad():
        for x, y in loader:
            out = model(x)
            loss += criterion(out, y).item() * len(y)
            correct += (out.argmax(1) == y).sum().item()
            n += len(y)
    return loss / n, correct / n


def train_epoch(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
    return loss.item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--train-size", type=int, default=120)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    X, y = make_classification(
        n_samples=3000, n_features=40, n_informative=8, n_redundant=0, flip_y=0.2, class_sep=1.2, random_state=1
    )
    X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
    y = torch.tensor(y)
    train_loader = DataLoader(TensorDataset(X[: args.train_size], y[: args.train_size]), batch_size=20, shuffle=True)
    val_loader = DataLoader(TensorDataset(X[2000:], y[2000:]), batch_size=500)

    model = nn.Sequential(nn.Linear(40, 200), nn.ReLU(), nn.Linear(200, 100), nn.ReLU(), nn.Linear(100, 2))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    for epoch in range(args.epochs):
        train_loss = train_epoch(model, train_loader, criterion, optimizer)
        val_loss, val_acc = evaluate(model, val_loader, criterion)
        if epoch % 10 == 9:
            print(f"{epoch + 1:3d} train {train_loss:.3f} val {val_loss:.3f} acc {val_acc:.3f}")
    print(f"validation loss at the end: {val_loss:.4f}")


if __name__ == "__main__":
    main()
