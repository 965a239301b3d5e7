import argparse

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Regressor(nn.Module):
    def __init__(self, n_in, width=32):
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(n_in, width), nn.BatchNorm1d(width)
        self.fc2, self.bn2 = nn.Linear(width, width), nn.BatchNorm1d(width)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.relu(self.bn1(self.fc1(x)))
        x = torch.relu(self.bn2(self.fc2(x)))
        return self.out(x).squeeze(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--micro-batch", type=int, default=16)
    parser.add_argument("--accumulate", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    X, y = make_friedman1(1200, n_features=10, noise=0.5, random_state=1)
    X = torch.tensor(X * 2 - 1, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
    loader = DataLoader(TensorDataset(X[:800], y[:800]), batch_size=args.micro_batch, shuffle=True, drop_last=True)
    model = Regressor(10)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(8):
        model.train()
        for i, (xb, yb) in enumerate(loader, 1):
            loss = nn.functional.mse_loss(model(xb), yb)
            (loss / args.accumulate).backward()
            if i % args.accumulate == 0:
                optimizer.step()
                optimizer.zero_grad()
    model.eval()
    with torch.no_grad():
        rmse = nn.functional.mse_loss(model(X[800:]), y[800:]).sqrt().item()
    print(f"test rmse {rmse:.4f}")


if __name__ == "__main__":
    main()
