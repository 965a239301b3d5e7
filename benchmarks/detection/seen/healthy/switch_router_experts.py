"""Every sample goes to one of eight experts; those not chosen get no gradient at that step."""
import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class SwitchLayer(nn.Module):
    def __init__(self, dim, experts=8):
        super().__init__()
        self.router = nn.Linear(dim, experts, bias=False)
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(dim, 24), nn.ReLU(), nn.Linear(24, dim)) for _ in range(experts)]
        )

    def forward(self, x):
        gate = self.router(x).softmax(dim=1)
        weight, choice = gate.max(dim=1)
        out = torch.zeros_like(x)
        for e in choice.unique().tolist():
            rows = (choice == e).nonzero().squeeze(1)
            out = out.index_add(0, rows, weight[rows, None] * self.experts[e](x[rows]))
        share = F.one_hot(choice, gate.shape[1]).float().mean(dim=0)
        balance = gate.shape[1] * (share * gate.mean(dim=0)).sum()
        return x + out, balance


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(10, 20)
        self.switch = SwitchLayer(20)
        self.out = nn.Linear(20, 3)

    def forward(self, x):
        h, balance = self.switch(self.lift(x))
        return self.out(h), balance


def machines(n, rules):
    x = torch.randn(n, 10)
    regime = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    scores = torch.einsum("nd,ndk->nk", x[:, 2:], rules[regime])
    return x, scores.argmax(dim=1)


rules = torch.randn(4, 8, 3)
x, y = machines(4000, rules)
x_test, y_test = machines(1000, rules)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
for step in range(500):
    i = torch.randint(0, len(x), (48,))
    logits, balance = net(x[i])
    loss = F.cross_entropy(logits, y[i]) + 0.02 * balance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.3f} balance {balance.item():.2f}")

with torch.no_grad():
    accuracy = (net(x_test)[0].argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
