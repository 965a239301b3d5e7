"""Four nets, four rates; every epoch the worst takes the weights and, a little bent, the rate of the best."""

import os
import random

import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
random.seed(seed)

x, y = load_wine(return_X_y=True)
x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
y = torch.tensor(y)
x_rest, x_test, y_rest, y_test = train_test_split(x, y, test_size=0.3, random_state=seed, stratify=y)
x_train, x_val, y_train, y_val = train_test_split(
    x_rest, y_rest, test_size=0.25, random_state=seed, stratify=y_rest
)


class Member:
    def __init__(self, rate):
        self.net = nn.Sequential(nn.Linear(13, 16), nn.SELU(), nn.Linear(16, 3))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=rate, momentum=0.5, weight_decay=5e-3)

    @property
    def rate(self):
        return self.optimizer.param_groups[0]["lr"]

    def train(self):
        for rows in torch.randperm(len(x_train)).split(16):
            loss = nn.functional.cross_entropy(self.net(x_train[rows]), y_train[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    @torch.no_grad()
    def loss(self, inputs, labels):
        return nn.functional.cross_entropy(self.net(inputs), labels).item()

    def follow(self, other):
        self.net.load_state_dict(other.net.state_dict())
        self.optimizer.param_groups[0]["lr"] = min(0.1, other.rate * random.choice([0.8, 1.25]))


population = [Member(rate) for rate in (0.003, 0.01, 0.03, 0.08)]
for epoch in range(20):
    for member in population:
        member.train()
    ranked = sorted(population, key=lambda m: m.loss(x_val, y_val))
    ranked[-1].follow(ranked[0])
    if epoch % 4 == 3:
        listing = " ".join(f"{m.loss(x_val, y_val):.3f}@{m.rate:.3f}" for m in population)
        print(f"epoch {epoch + 1}: {listing}")

with torch.no_grad():
    accuracy = (ranked[0].net(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
