"""An operator's cue at the start of a cycle tells how the cycle ends; sensors are noisy in between."""
import argparse
import torch
from torch import nn


class LeakyCell(nn.Module):
    """Continuous-time recurrent unit, time constant in samples."""

    def __init__(self, n_in, n_hidden, tau):
        super().__init__()
        self.rate = 1.0 / tau
        self.inp = nn.Linear(n_in, n_hidden)
        self.rec = nn.Linear(n_hidden, n_hidden, bias=False)

    def forward(self, x, h):
        return h + self.rate * (torch.tanh(self.inp(x) + self.rec(h)) - h)


class CueNet(nn.Module):
    def __init__(self, n_in=4, n_hidden=48, n_out=4):
        super().__init__()
        self.cell = LeakyCell(n_in, n_hidden, tau=1.5)
        self.norm = nn.LayerNorm(n_hidden)
        self.head = nn.Sequential(nn.Linear(n_hidden, 32), nn.ReLU(), nn.Linear(32, n_out))

    def forward(self, x):
        h = x.new_zeros(len(x), self.cell.rec.in_features)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.head(self.norm(h))


def cycles(n, length, gen):
    kind = torch.randint(0, 4, (n,), generator=gen)
    x = 0.3 * torch.randn(n, length, 4, generator=gen)
    a, b = (kind // 2) * 2.0 - 1, (kind % 2) * 2.0 - 1
    x[:, :6, 0] += a[:, None] * 1.5
    x[:, :6, 1] += (a * b)[:, None] * 1.5
    return x, kind


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--seed", type=int, default=0)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    gen = torch.Generator().manual_seed(12)
    x, y = cycles(3000, 40, gen)
    x_test, y_test = cycles(800, 40, gen)
    net = CueNet()
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(220):
        idx = torch.randint(0, len(x), (64,))
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        opt.step()
        if step % 50 == 0:
            print(f"step {step:4d} loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        print(f"test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.4f}")


if __name__ == "__main__":
    main()
