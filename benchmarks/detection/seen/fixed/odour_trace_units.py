"""An odour is presented briefly, then a delay with background smells, then the animal must choose."""
import argparse

import torch
import torch.nn as nn

ODOURS, GLOMERULI, DELAY = 4, 8, 24


class LeakyUnits(nn.Module):
    """h <- (1 - alpha) h + alpha tanh(W x + U h)"""

    def __init__(self, inputs, units, alpha=0.1):
        super().__init__()
        self.alpha = alpha
        self.inp = nn.Linear(inputs, units)
        self.rec = nn.Linear(units, units, bias=False)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.rec.in_features)
        drive = self.inp(x)
        for t in range(x.shape[1]):
            h = (1 - self.alpha) * h + self.alpha * torch.tanh(drive[:, t] + self.rec(h))
        return h


class Animal(nn.Module):
    def __init__(self, units=40):
        super().__init__()
        self.cortex = LeakyUnits(GLOMERULI, units)
        self.choice = nn.Linear(units, ODOURS)

    def forward(self, x):
        return self.choice(self.cortex(x))


def trials(n, patterns):
    odour = torch.randint(0, ODOURS, (n,))
    x = 0.3 * torch.randn(n, 3 + DELAY, GLOMERULI)
    x[:, :3] += patterns[odour].unsqueeze(1)
    return x, odour


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=300)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    patterns = 1.5 * torch.randn(ODOURS, GLOMERULI)
    model = Animal()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for step in range(args.steps):
        x, y = trials(40, patterns)
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"session {step}: loss {loss.item():.3f}")
    model.eval()
    with torch.no_grad():
        x, y = trials(800, patterns)
        print(f"correct choices: {(model(x).argmax(1) == y).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
