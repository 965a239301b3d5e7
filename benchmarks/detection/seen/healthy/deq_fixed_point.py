"""Deep equilibrium model: the hidden state is a fixed point, gradients come from the implicit function theorem."""
import os

import torch
import torch.nn as nn
from sklearn.datasets import make_moons

torch.manual_seed(int(os.environ.get("SEED", 0)))


class Cell(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.inject = nn.Linear(inputs, width)
        self.recur = nn.Linear(width, width, bias=False)
        nn.init.normal_(self.recur.weight, std=0.3 / width**0.5)

    def forward(self, z, x):
        return torch.tanh(self.recur(z) + self.inject(x))


def settle(step, start, tolerance=1e-4, limit=40):
    z = start
    for _ in range(limit):
        nxt = step(z)
        if (nxt - z).abs().max() < tolerance:
            return nxt
        z = nxt
    return z


class Equilibrium(nn.Module):
    def __init__(self, inputs=2, width=32, classes=2):
        super().__init__()
        self.cell = Cell(inputs, width)
        self.head = nn.Linear(width, classes)
        self.width = width

    def forward(self, x):
        with torch.no_grad():
            z = settle(lambda s: self.cell(s, x), torch.zeros(len(x), self.width))
        z = self.cell(z, x)
        if z.requires_grad:
            anchor = z.detach().requires_grad_()
            image = self.cell(anchor, x)

            def solve(grad):
                def step(u):
                    return torch.autograd.grad(image, anchor, u, retain_graph=True)[0] + grad

                return settle(step, grad, limit=15)

            z.register_hook(solve)
        return self.head(z)


data, target = make_moons(900, noise=0.15, random_state=0)
x, y = torch.tensor(data, dtype=torch.float32), torch.tensor(target)
x = (x - x.mean(0)) / x.std(0)
train, test = slice(0, 700), slice(700, None)
model = Equilibrium()
opt = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(20):
    for rows in torch.randperm(700).split(70):
        loss = nn.functional.cross_entropy(model(x[train][rows]), y[train][rows])
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 4 == 3:
        with torch.no_grad():
            acc = (model(x[test]).argmax(1) == y[test]).float().mean().item()
        print(f"epoch {epoch + 1} loss {loss.item():.4f} test accuracy {acc:.4f}")
