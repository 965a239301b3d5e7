import argparse
import os

import torch
from torch import nn
from torch.optim import Optimizer


class DecoupledSGD(Optimizer):
    """Momentum SGD whose weight decay is kept out of the momentum buffer."""

    def __init__(self, params, lr, momentum=0.9, weight_decay=0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(p)
                velocity = state["velocity"].mul_(group["momentum"]).add_(p.grad)
                p.mul_(1 + group["lr"] * group["weight_decay"])
                p.add_(velocity, alpha=-group["lr"])


class ImpedanceNet(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.inner = nn.Linear(inputs, hidden)
        self.middle = nn.Linear(hidden, hidden)
        self.outer = nn.Linear(hidden, 2)

    def forward(self, x):
        h = torch.tanh(self.inner(x))
        h = torch.tanh(self.middle(h))
        return self.outer(h)


def cells(n, generator):
    """Charge, temperature, age, log-frequency -> real and imaginary part of the impedance."""
    charge, temperature, age, freq = torch.randn(4, n, generator=generator)
    resistance = 0.5 * torch.exp(-0.5 * temperature) + 0.4 * age
    tau = 0.6 * charge - 0.3 * age + freq
    real = resistance + 0.8 / (1 + torch.exp(2 * tau))
    imag = -torch.exp(-(tau**2)) * (1 + 0.3 * age)
    out = torch.stack([real, imag], dim=1)
    out = out + 0.05 * torch.randn(n, 2, generator=generator)
    return torch.stack([charge, temperature, age, freq], dim=1), out


class Trainer:
    def __init__(self, model, optimizer, batch_size):
        self.model, self.optimizer, self.batch_size = model, optimizer, batch_size
        self.criterion = nn.MSELoss()

    def fit(self, x, y, epochs):
        for epoch in range(epochs):
            total = 0.0
            for rows in torch.randperm(len(x)).split(self.batch_size):
                self.optimizer.zero_grad()
                loss = self.criterion(self.model(x[rows]), y[rows])
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(rows)
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1:3d}  mse {total / len(x):.4f}")

    @torch.no_grad()
    def score(self, x, y):
        residual = (self.model(x) - y).pow(2).sum(0)
        return (1 - residual / (y - y.mean(0)).pow(2).sum(0)).mean().item()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    g = torch.Generator().manual_seed(args.seed)
    x_train, y_train = cells(1280, g)
    x_test, y_test = cells(500, g)
    centre, scale = y_train.mean(0), y_train.std(0)
    model = ImpedanceNet(4, 40)
    optimizer = DecoupledSGD(model.parameters(), lr=0.02, weight_decay=0.2)
    trainer = Trainer(model, optimizer, batch_size=64)
    trainer.fit(x_train, (y_train - centre) / scale, epochs=38)
    print(f"test r2 {trainer.score(x_test, (y_test - centre) / scale):.4f}")
