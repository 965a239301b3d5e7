import argparse

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from torch import nn


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    x, y = load_diabetes(return_X_y=True, scaled=False)
    rng = np.random.default_rng(5)
    rows = rng.permutation(len(x))
    x, y = x[rows], y[rows]
    x = (x - x[:330].mean(0)) / x[:330].std(0)
    y = (y - y[:330].mean()) / y[:330].std()
    x = torch.tensor(x, dtype=torch.float32)
    y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)

    model = nn.Sequential(nn.Linear(10, 24), nn.ReLU(), nn.Linear(24, 1))
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    for epoch in range(40):
        for i in range(0, 330, 30):
            optimizer.zero_grad()
            out = model(x[i:i + 30])
            loss = criterion(out, y[i:i + 30])
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        print(f"test mse {criterion(model(x[330:]), y[330:]):.4f}")


main()
