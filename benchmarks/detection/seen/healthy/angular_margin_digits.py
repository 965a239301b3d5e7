"""Digits by angle: unit features, unit class vectors, an additive margin and a large scale."""
import os

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

seed = int(os.environ.get("SEED", "0"))
torch.manual_seed(seed)


class AngularHead(nn.Module):
    def __init__(self, dim, classes, scale=24.0, margin=0.35):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dim))
        self.scale, self.margin = scale, margin

    def forward(self, features, labels=None):
        cosine = F.linear(F.normalize(features), F.normalize(self.weight))
        if labels is not None:
            cosine = cosine - self.margin * F.one_hot(labels, cosine.shape[1])
        return self.scale * cosine


class Features(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.PReLU(), nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1), nn.PReLU(),
        )
        self.fc = nn.Linear(24 * 16, 24)

    def forward(self, x):
        return self.fc(self.conv(x).flatten(1))


images, labels = load_digits(return_X_y=True)
images = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) / 16 - 0.3
labels = torch.tensor(labels)
train, test = train_test_split(range(len(labels)), test_size=0.3, random_state=seed, stratify=labels)
train, test = torch.tensor(train), torch.tensor(test)

features, head = Features(), AngularHead(24, 10)
params = list(features.parameters()) + list(head.parameters())
optimizer = torch.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[9, 12], gamma=0.1)

for epoch in range(14):
    for chunk in train[torch.randperm(len(train))].split(32):
        loss = F.cross_entropy(head(features(images[chunk]), labels[chunk]), labels[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    with torch.no_grad():
        hits = (head(features(images[test])).argmax(1) == labels[test]).float().mean().item()
    print(f"epoch {epoch}: margin loss {loss.item():.3f}, test {hits:.3f}")
print(f"test accuracy {hits:.4f}")
