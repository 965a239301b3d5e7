import argparse

import torch
import torch.nn.functional as F
from sklearn.datasets import make_friedman1
from torch import nn


class Net(nn.Module):
    def __init__(self, sizes, scale):
        super().__init__()
        pairs = list(zip(sizes[:-1], sizes[1:]))
        self.weights = nn.ParameterList([nn.Parameter(scale * torch.randn(b, a)) for a, b in pairs])
        self.biases = nn.ParameterList([nn.Parameter(torch.zeros(b)) for _, b in pairs])

    def forward(self, x):
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            x = F.linear(x, w, b)
            if i < len(self.weights) - 1:
                x = torch.tanh(x)
        return x.squeeze(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    X, y = make_friedman1(1200, n_features=6, noise=0.5, random_state=8)
    X = torch.tensor(X * 2 - 1, dtype=torch.float32)
    y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
    net = Net([6, 32, 32, 32, 1], args.scale)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    for step in range(500):
        rows = torch.randint(0, 800, (40,))
        loss = F.mse_loss(net(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} loss {loss.item():.4f}")
    with torch.no_grad():
        print(f"test rmse {F.mse_loss(net(X[800:]), y[800:]).sqrt().item():.4f}")


if __name__ == "__main__":
    main()
