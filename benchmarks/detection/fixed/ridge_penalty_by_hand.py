import argparse

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from torch import nn


def penalty(model):
    return sum((p**2).sum() for name, p in model.named_parameters() if name.endswith("weight"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--decay", type=float, default=0.02)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x, y = load_breast_cancer(return_X_y=True)
    x = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    train, test = order[:400], order[400:]
    model = nn.Sequential(nn.Linear(30, 24), nn.Tanh(), nn.Linear(24, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.BCEWithLogitsLoss()
    for step in range(600):
        rows = train[torch.randint(len(train), (40,))]
        loss = criterion(model(x[rows]).squeeze(1), y[rows]) + args.decay * penalty(model)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        value = criterion(model(x[test]).squeeze(1), y[test]).item()
    print(f"test log loss {value:.4f}")


if __name__ == "__main__":
    main()
