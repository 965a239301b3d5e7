"""Fast weights run ahead with a high rate; every six steps they are thrown back half way to the slow ones."""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)


class Lookahead:
    def __init__(self, inner, every=6, pull=0.5):
        self.inner, self.every, self.pull, self.count = inner, every, pull, 0
        self.params = [p for group in inner.param_groups for p in group["params"]]
        self.slow = [p.detach().clone() for p in self.params]

    def step(self):
        self.inner.step()
        self.count += 1
        if self.count % self.every == 0:
            with torch.no_grad():
                for fast, slow in zip(self.params, self.slow, strict=True):
                    slow.lerp_(fast, self.pull)
                    fast.copy_(slow)

    def zero_grad(self):
        self.inner.zero_grad()


x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32) / 8 - 0.6
y = torch.tensor(y)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=args.seed, stratify=y)

net = nn.Sequential(nn.Linear(64, 48), nn.Hardswish(), nn.Linear(48, 48), nn.Hardswish(), nn.Linear(48, 10))
optimizer = Lookahead(torch.optim.SGD(net.parameters(), lr=0.12, momentum=0.8, weight_decay=1e-3))
criterion = nn.CrossEntropyLoss(label_smoothing=0.05)
for epoch in range(14):
    for rows in torch.randperm(len(x_train)).split(32):
        loss = criterion(net(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        held_out = criterion(net(x_test), y_test).item()
    print(f"epoch {epoch:2d} train {loss.item():.3f} held out {held_out:.3f}")

with torch.no_grad():
    print(f"test accuracy {(net(x_test).argmax(1) == y_test).float().mean().item():.4f}")
