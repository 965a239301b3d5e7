"""Embed colour patches so that patches with the same name lie close; the names come from nearest prototypes."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 0)))
NAMES = 10
hue_of = torch.linspace(0, 1, NAMES + 1)[:-1]


def patches(n):
    name = torch.randint(0, NAMES, (n,))
    hue = hue_of[name, None] + 0.018 * torch.randn(n, 1)
    value, grey = 0.3 + 0.7 * torch.rand(n, 1), 0.6 * torch.rand(n, 1)
    angle = 2 * torch.pi * (hue + torch.tensor([0.0, 1 / 3, 2 / 3]))
    rgb = value * (grey + (1 - grey) * (0.5 + 0.5 * torch.cos(angle)))
    return (rgb - 0.4) / 0.25, name


class ColourEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 8))
        self.prototypes = nn.Parameter(torch.randn(NAMES, 8))

    def forward(self, rgb):
        return -torch.cdist(self.net(rgb), self.prototypes).pow(2)


class Experiment:
    epochs, batch_size = 20, 50

    def __init__(self):
        self.model = ColourEncoder()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=5e-3)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, gamma=0.85)
        self.train, self.test = patches(1500), patches(800)

    def run_epoch(self):
        rgb, name = self.train
        for rows in torch.randperm(len(rgb)).split(self.batch_size):
            loss = F.cross_entropy(self.model(rgb[rows]), name[rows])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.scheduler.step()
        return loss.item()

    def score(self):
        rgb, name = self.test
        with torch.no_grad():
            return (self.model(rgb).argmax(1) == name).float().mean().item()

    def run(self):
        for epoch in range(self.epochs):
            loss = self.run_epoch()
            if epoch % 4 == 3:
                print(f"epoch {epoch + 1}: loss {loss:.4f}")
        print(f"named correctly: {self.score():.4f}")


Experiment().run()
