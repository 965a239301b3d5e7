"""Which key did the thumb mean? Touch position, drift, pressure and tilt in, one of 26 keys out."""
import argparse
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

cli = argparse.ArgumentParser()
cli.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
cli.add_argument("--epochs", type=int, default=10)
cfg = cli.parse_args()
torch.manual_seed(cfg.seed)

rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
centres = torch.tensor([[c + 0.5 * r, 1.5 * r] for r, keys in enumerate(rows) for c in range(len(keys))])


def touches(n):
    key = torch.randint(0, 26, (n,))
    tilt, pressure = torch.randn(n, 1), torch.rand(n, 1)
    drift = 0.15 * torch.randn(n, 2)
    miss = 0.35 * torch.cat([tilt, 0.5 * tilt * pressure], 1) + 2 * drift
    spot = centres[key] + miss + 0.16 * torch.randn(n, 2)
    spot = (spot - centres.mean(0)) / centres.std(0)
    return torch.cat([spot, 6 * drift, tilt, 3 * pressure - 1.5], 1), key


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


class KeyNet(nn.Module):
    def __init__(self, width=40):
        super().__init__()
        self.stem = nn.Linear(6, width)
        self.blocks = nn.Sequential(Block(width), Block(width))
        self.head = nn.Linear(width, 26)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)))


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    log_prob = F.log_softmax(model(x), dim=1)
    loss = F.nll_loss(log_prob, y)
    loss.backward()
    optimizer.step()
    return loss.item()


x_train, y_train = touches(3000)
x_test, y_test = touches(1000)
model = KeyNet()
optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
for epoch in range(cfg.epochs):
    model.train()
    losses = [step(model, optimizer, x_train[i], y_train[i]) for i in torch.randperm(3000).split(60)]
    model.eval()
    with torch.no_grad():
        top = model(x_test).topk(3).indices
    print(f"epoch {epoch}: loss {sum(losses) / len(losses):.4f}, "
          f"top three {(top == y_test[:, None]).any(1).float().mean():.3f}")
print(f"key accuracy {(top[:, 0] == y_test).float().mean():.4f}")
