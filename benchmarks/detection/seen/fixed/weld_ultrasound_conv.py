"""Kind of flaw in a weld from its ultrasonic echo."""

import os
import sys

import numpy as np
import torch
import torch.nn as nn

SEED = int(os.environ.get("SEED", 0))
if "--seed" in sys.argv:
    SEED = int(sys.argv[sys.argv.index("--seed") + 1])
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def echoes(n):
    t = np.linspace(0, 1, 64)
    kind = rng.integers(0, 4, n)
    rows = []
    for k in kind:
        start = rng.uniform(0.2, 0.5)
        pulse = np.exp(-(((t - start) / 0.05) ** 2)) * np.cos(60 * (t - start))
        gap = [0.0, 0.14, 0.22, 0.3][k]
        sign = [0, 1, -1, 1][k]
        second = np.exp(-(((t - start - gap) / 0.05) ** 2)) * np.cos(60 * (t - start - gap))
        rows.append(pulse + sign * 0.8 * second + rng.normal(0, 0.15, 64))
    return torch.tensor(np.array(rows), dtype=torch.float32)[:, None], torch.tensor(kind)


class EchoNet(nn.Module):
    def __init__(self, classes=4, width=12, depth=7):
        super().__init__()
        layers = []
        channels = 1
        for level in range(depth):
            layers += [nn.Conv1d(channels, width, 5, padding=2), nn.ReLU()]
            if level in (1, 3, 5):
                layers.append(nn.AvgPool1d(2))
            channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(width * 8, classes)
        for m in self.modules():
            if isinstance(m, (nn.Conv1d, nn.Linear)):
                nn.init.kaiming_normal_(m.weight)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
        self.criterion = nn.CrossEntropyLoss()

    def fit(self, x, y, epochs, batch):
        self.model.train()
        for epoch in range(epochs):
            total = 0.0
            for rows in torch.randperm(len(x)).split(batch):
                loss = self.criterion(self.model(x[rows]), y[rows])
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                total += loss.item() * len(rows)
            print(f"epoch {epoch:2d}: {total / len(x):.4f}")

    @torch.no_grad()
    def score(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


train_x, train_y = echoes(1000)
test_x, test_y = echoes(400)
trainer = Trainer(EchoNet(), lr=0.02)
trainer.fit(train_x, train_y, epochs=10, batch=40)
print(f"test accuracy {trainer.score(test_x, test_y):.4f}")
