import os
import random

import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", "0"))
random.seed(SEED)
torch.manual_seed(SEED)


def deliveries(n):
    x = torch.randn(n, 10)
    late = x[:, 0] + 0.8 * x[:, 1] * x[:, 2] - 0.6 * x[:, 3].abs() + 0.5 + 0.3 * torch.randn(n)
    return x, (late > 0).float()


class Depot:
    """Keeps its deliveries to itself and sends nothing but the signs of its gradient."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def signs(self, model, loss_fn, batch=40):
        rows = torch.randint(0, len(self.x), (batch,))
        loss = loss_fn(model(self.x[rows]).squeeze(1), self.y[rows])
        grads = torch.autograd.grad(loss, list(model.parameters()))
        return [g.sign() for g in grads], loss.item()


def train(model, depots, rounds=300, step=0.004):
    loss_fn = nn.BCEWithLogitsLoss()
    for turn in range(rounds):
        ballots, losses = zip(*(depot.signs(model, loss_fn) for depot in depots), strict=True)
        size = step * (1 - turn / rounds)
        with torch.no_grad():
            for p, *votes in zip(model.parameters(), *ballots, strict=True):
                p.sub_(size * torch.stack(votes).sum(0).sign())
        if turn % 50 == 0:
            print(f"round {turn}: mean loss {sum(losses) / len(losses):.4f}")


def main():
    x, y = deliveries(4000)
    x_test, y_test = deliveries(1000)
    depots = [Depot(a, b) for a, b in zip(x.chunk(5), y.chunk(5), strict=True)]
    model = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1))
    train(model, depots)
    model.eval()
    with torch.no_grad():
        right = ((model(x_test).squeeze(1) > 0) == (y_test > 0.5)).float().mean().item()
    print(
        f"test accuracy {right:.4f} (always late: {max(y_test.mean().item(), 1 - y_test.mean().item()):.4f})"
    )


if __name__ == "__main__":
    main()
