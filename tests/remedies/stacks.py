"""Two more nets, with room between their layers, and a loop over them."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.remedies.nets import CLASSES, SHAPES, treatment


class Stack(nn.Module):
    """Dense layers in a Sequential; `between` makes what stands behind each hidden one."""

    def __init__(self, *between):
        super().__init__()
        self.rows = nn.Sequential(
            nn.Linear(6, 16), *[make() for make in between], nn.Linear(16, 16), *[make() for make in between]
        )
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        return self.head(self.rows(x))


class Plane(nn.Module):
    """Convolutions, and a dense layer over all that they give."""

    def __init__(self, *between):
        super().__init__()
        self.one, self.two, self.head = (
            nn.Conv2d(1, 4, 3),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.Linear(64, CLASSES),
        )
        self.between = nn.ModuleList([make() for make in between])

    def after(self, x):
        for part in self.between:
            x = part(x)
        return x

    def forward(self, x):
        return self.head(self.after(self.two(self.after(self.one(x)))).flatten(1))


SHAPES.setdefault(Stack, (6,))
SHAPES.setdefault(Plane, (1, 6, 6))


def fitted(make, *cures, steps=6, rate=0.1, late=False):
    """A net after a few steps, with the run."""
    with treatment(*cures) as run:
        torch.manual_seed(0)
        net = make()
        shape = SHAPES[type(net)]
        if late:
            net(torch.zeros(2, *shape))
        optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=0.9)
        torch.manual_seed(1)
        for _ in range(steps):
            x = torch.randn(12, *shape)
            y = (x.reshape(12, -1).sum(1) > 0).long()
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    net.optimizer = [optimizer]
    return net, run


def values(net):
    """All that was learnt, whatever it is called."""
    return [value for value in net.state_dict().values() if value.is_floating_point()]


def alike(left, right):
    return all(torch.equal(a, b) for a, b in zip(values(left), values(right), strict=True))
