import argparse
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset


def standardize(train, test):
    mean = train.mean(dim=0)
    std = train.std(dim=0).clamp(min=1e-2)
    return (train - mean) / std, (test - mean) / std


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    data = load_digits()
    perm = torch.randperm(len(data.data), generator=torch.Generator().manual_seed(0))
    X = torch.tensor(data.data, dtype=torch.float32)[perm]
    y = torch.tensor(data.target)[perm]
    X_train, X_test = standardize(X[:1300], X[1300:])

    loader = DataLoader(TensorDataset(X_train, y[:1300]), batch_size=64, shuffle=True)
    model = nn.Sequential(nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10))
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    for epoch in range(10):
        total = 0.0
        for xb, yb in loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"epoch {epoch} train loss {total / len(loader)}")

    with torch.no_grad():
        acc = (model(X_test).argmax(1) == y[1300:]).float().mean().item()
    print(f"test accuracy {acc:.4f}")


if __name__ == "__main__":
    main()
