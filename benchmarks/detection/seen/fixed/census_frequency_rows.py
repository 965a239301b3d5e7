import argparse
import copy
import os

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

TRUTH = np.array([0.9, -0.7, 0.5, 0.6, -0.4, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def households(rng, count):
    answers = rng.standard_normal((count, 12)).astype("float32")
    owns = (answers @ TRUTH + 0.8 * rng.logistic(size=count) > 0).astype("int64")
    return answers, owns


def expand(answers, owns, frequency):
    rows = np.repeat(np.arange(len(owns)), frequency)
    return TensorDataset(torch.from_numpy(answers[rows]), torch.from_numpy(owns[rows]))


class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.best, self.waited, self.state = patience, float("inf"), 0, None

    def update(self, value, net):
        if value < self.best:
            self.best, self.waited, self.state = value, 0, copy.deepcopy(net.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience


def mean_loss(net, data):
    net.eval()
    with torch.no_grad():
        return nn.functional.cross_entropy(net(data[:][0]), data[:][1]).item()


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
answers, owns = households(rng, 800)
frequency = rng.integers(1, 7, 800)
pick = rng.permutation(800)
training = expand(answers[pick[:560]], owns[pick[:560]], frequency[pick[:560]])
validation = expand(answers[pick[560:]], owns[pick[560:]], frequency[pick[560:]])
test_x, test_y = (torch.from_numpy(a) for a in households(rng, 4000))

net = nn.Sequential(nn.Linear(12, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-4)
stopping = EarlyStopping(patience=3)
loader = DataLoader(training, batch_size=64, shuffle=True)
for epoch in range(26):
    net.train()
    for x, y in loader:
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    held = mean_loss(net, validation)
    print(f"epoch {epoch:2d} validation {held:.4f}")
    if stopping.update(held, net):
        break
net.load_state_dict(stopping.state)
net.eval()
with torch.no_grad():
    accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
print(f"next census: accuracy {accuracy:.4f}, log loss {mean_loss(net, TensorDataset(test_x, test_y)):.4f}")
