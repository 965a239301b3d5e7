import argparse

import torch
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--l2", type=float, default=1.0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    x, y = make_friedman1(n_samples=2000, n_features=10, noise=0.5, random_state=1)
    x = torch.tensor(StandardScaler().fit_transform(x), dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32).unsqueeze(1)
    x_train, y_train, x_test, y_test = x[:1600], y[:1600], x[1600:], y[1600:]

    model = torch.nn.Sequential(
        torch.nn.Linear(10, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 64),
        torch.nn.ReLU(),
        torch.nn.Linear(64, 1),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=args.l2)
    criterion = torch.nn.MSELoss()
    for _ in range(args.epochs):
        for rows in torch.randperm(1600).split(40):
            loss = criterion(model(x_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        print(f"test MSE: {criterion(model(x_test), y_test).item():.4f}")


main()
