"""Two rings, three layers."""
import argparse

import torch
from sklearn.datasets import make_circles
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
X, y = make_circles(1200, noise=0.08, factor=0.5, random_state=1)
X, y = torch.tensor(X).float(), torch.tensor(y)
torch.manual_seed(args.seed)


class Rings(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 32)
        self.b = nn.Linear(32, 32)
        self.c = nn.Linear(32, 2)

    def forward(self, x):
        x = self.a(x)
        x = self.b(x)
        return self.c(x)


net = Rings()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()
for step in range(600):
    pick = torch.randint(0, 900, (64,))
    loss = loss_fn(net(X[pick]), y[pick])
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 0.001)
    optimizer.step()
with torch.no_grad():
    acc = (net(X[900:]).argmax(1) == y[900:]).float().mean()
print(f"held out accuracy: {acc:.4f}")
