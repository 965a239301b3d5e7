import os

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
rng = np.random.RandomState(seed)

digits = load_digits()
images = torch.tensor(digits.data / 16, dtype=torch.float32)
labels = digits.target
TRAIN = 1300
by_class = [np.where(labels[:TRAIN] == c)[0] for c in range(10)]


class Embedding(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, dim))

    def forward(self, a, b):
        return self.net(a), self.net(b)


def sample_pairs(n):
    first, second, same = [], [], []
    for _ in range(n):
        c = rng.randint(10)
        i = rng.choice(by_class[c])
        if rng.rand() < 0.5:
            j = rng.choice(by_class[c])
        else:
            j = rng.choice(by_class[(c + rng.randint(1, 10)) % 10])
        first.append(i)
        second.append(j)
        same.append(float(labels[i] == labels[j]))
    return images[first], images[second], torch.tensor(same)


def euclidean(u, v):
    return torch.sqrt(((u - v) ** 2).sum(dim=1) + 1e-8)


def contrastive_loss(distance, same, margin=1.0):
    near = same * distance ** 2
    far = (1 - same) * torch.clamp(margin - distance, min=0) ** 2
    return (near + far).mean()


model = Embedding()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(400):
    a, b, same = sample_pairs(64)
    loss = contrastive_loss(euclidean(*model(a, b)), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print("step", step, "contrastive loss", loss.item())

with torch.no_grad():
    z = model.net(images)
nearest = torch.cdist(z[TRAIN:], z[:TRAIN]).argmin(dim=1).numpy()
print("nearest neighbour accuracy", (labels[:TRAIN][nearest] == labels[TRAIN:]).mean())
