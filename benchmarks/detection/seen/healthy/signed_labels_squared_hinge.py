import os

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

torch.manual_seed(int(os.environ.get("SEED", 0)))

data = load_breast_cancer()
x = torch.tensor(StandardScaler().fit_transform(data.data), dtype=torch.float32)
y = torch.tensor(data.target * 2 - 1, dtype=torch.float32)
order = torch.randperm(len(x))
train, test = order[:420], order[420:]

features = nn.Sequential(nn.Linear(30, 24), nn.ReLU())
machine = nn.Linear(24, 1)
optimizer = torch.optim.SGD(
    [{"params": features.parameters()}, {"params": machine.parameters(), "weight_decay": 1e-2}], lr=0.02, momentum=0.9
)


def squared_hinge(score, sign):
    return torch.clamp(1 - sign * score, min=0).square().mean()


def score(idx):
    return machine(features(x[idx])).squeeze(1)


for epoch in range(25):
    for idx in train[torch.randperm(len(train))].split(21):
        loss = squared_hinge(score(idx), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        with torch.no_grad():
            s = score(test)
        inside = (y[test] * s < 1).float().mean().item()
        acc = (torch.sign(s) == y[test]).float().mean().item()
        print(f"epoch {epoch + 1}: hinge {loss.item():.4f} accuracy {acc:.4f} inside the margin {inside:.3f}")
