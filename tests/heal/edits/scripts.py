"""Scripts that are edited, put together from parts, and what became of them."""

from gradwise.heal.edits.editing import edit
from gradwise.heal.edits.script.facts import Facts

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

x, y = torch.randn(64, 8), torch.randint(0, 3, (64,))
"""
MODEL = "model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))\n"
OPTIMIZER = "optimizer = torch.optim.SGD(model.parameters(), lr=0.5)\n"
LOOP = """\
for epoch in range(5):
    for i in range(0, 64, 16):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[i : i + 16]), y[i : i + 16])
        loss.backward()
        optimizer.step()
"""
NET = """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(8, 16)
        self.fc2 = nn.Linear(16, 16)
        self.fc3 = nn.Linear(16, 3)
        self.act = nn.Sigmoid()

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


model = Net()
"""
TRAINER = """\
class Trainer:
    def __init__(self, model, rate=0.5):
        self.model = model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate)

    def train_step(self, x, y):
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), y)
        loss.backward()
        self.optimizer.step()

    def fit(self):
        for epoch in range(5):
            self.train_step(x, y)


"""
USED = "trainer = Trainer(nn.Sequential(nn.Linear(8, 3)))\ntrainer.fit()\n"


def script(*, model=MODEL, optimizer=OPTIMIZER, loop=LOOP, head=HEAD, end=""):
    """A whole script; each part may be another one."""
    return head + model + optimizer + loop + end


def edited(source, cure, facts=None, **doses):
    return edit(source, [(cure, doses)], facts or Facts())


def changes(source, cure, facts=None, **doses):
    """Lines taken out and put in, without their indentation; what is left to words fails the test."""
    found = edited(source, cure, facts, **doses)
    assert not found.left, found.left
    lines = found.diff.splitlines()[2:]
    return [line[0] + line[1:].strip() for line in lines if line[0] in "+-"]


def left(source, cure, facts=None, **doses):
    """The words for a cure that could not be located; nothing may be changed."""
    found = edited(source, cure, facts, **doses)
    assert found.source == source and not found.diff and not found.done, found.diff
    return found.left[0]
