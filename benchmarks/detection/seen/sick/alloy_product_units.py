import argparse
import os

import torch
from torch import nn


class PiSigma(nn.Module):
    """Sum of products of affine forms: a polynomial of high order with few weights."""

    def __init__(self, inputs, units, order):
        super().__init__()
        self.forms = nn.Linear(inputs, units * order)
        self.shape = (units, order)
        self.mix = nn.Linear(units, 1)
        with torch.no_grad():
            self.forms.weight.mul_(1.2)
            self.forms.bias.uniform_(0.6, 1.0)

    def forward(self, x):
        forms = self.forms(x).unflatten(1, self.shape)
        return self.mix(forms.prod(dim=2))


def alloys(n, generator):
    """Composition and heat treatment of an alloy and its hardness."""
    x = torch.randn(n, 5, generator=generator)
    carbon, chrome, nickel, soak, quench = x.unbind(1)
    hardness = carbon * quench + 0.6 * chrome - 0.5 * nickel * soak + 0.4 * carbon + 0.3 * quench * chrome
    return x, hardness.unsqueeze(1) + 0.2 * torch.randn(n, 1, generator=generator)


def fit(model, x, y, steps, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for step in range(steps):
        rows = torch.randint(0, len(x), (32,))
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            print(f"step {step} mse {loss.item():.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    x, y = alloys(3000, generator)
    x_test, y_test = alloys(600, generator)

    model = PiSigma(5, 12, 6)
    fit(model, x, y, steps=700, lr=0.005)
    model.eval()
    with torch.no_grad():
        errors = (model(x_test) - y_test).abs()
    print(f"share within 0.5 of the hardness {(errors < 0.5).float().mean().item():.4f}")
