import argparse

import torch
from sklearn.datasets import make_friedman1
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--step-size", type=float, default=0.03)
args = parser.parse_args()
torch.manual_seed(args.seed)

X, y = make_friedman1(900, n_features=8, noise=0.5, random_state=2)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)[:, None]
X_train, y_train, X_test, y_test = X[:600], y[:600], X[600:], y[600:]

net = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))


class SignDescent(torch.optim.Optimizer):
    """Every weight takes a step of the same size, downhill."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.sub_(group["lr"] * p.grad.sign())


optimizer = SignDescent(net.parameters(), lr=args.step_size)
for step in range(500):
    loss = nn.functional.mse_loss(net(X_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"{step} {loss.item():.4f}")
with torch.no_grad():
    print(f"test mse {nn.functional.mse_loss(net(X_test), y_test).item():.4f}")
