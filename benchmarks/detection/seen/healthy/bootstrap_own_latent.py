"""Two noisy views of a digit, one net predicts the slow net's projection of the other view; no negatives."""
import copy
import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()
images = torch.tensor(digits.images, dtype=torch.float32) / 8 - 1
order = torch.randperm(len(images))
images, labels = images[order], digits.target[order.numpy()]
train = images[:1400]


def view(x):
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    x = torch.roll(x, (dy, dx), (1, 2))
    x = x * (torch.rand_like(x) > 0.1) + 0.2 * torch.randn_like(x)
    return x.flatten(1)


def mlp(a, b, c):
    return nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, c))


encoder = nn.Sequential(mlp(64, 128, 48), nn.ReLU())
online = nn.Sequential(encoder, mlp(48, 64, 24))
predictor = mlp(24, 48, 24)
slow = copy.deepcopy(online)
slow.requires_grad_(False)


def probe(encoder):
    encoder.eval()
    with torch.no_grad():
        features = encoder(images.flatten(1)).numpy()
    encoder.train()
    judge = LogisticRegression(max_iter=300).fit(features[:100], labels[:100])
    return features.std(0).mean(), judge.score(features[1400:], labels[1400:])


print(f"random features, probe on 100 labels: accuracy {probe(encoder)[1]:.4f}")
optimizer = torch.optim.AdamW([*online.parameters(), *predictor.parameters()], lr=2e-3, weight_decay=1e-4)


def closeness(p, z):
    return F.cosine_similarity(p, z.detach(), dim=-1).mean()


for epoch in range(24):
    for rows in torch.randperm(len(train)).split(100):
        one, two = view(train[rows]), view(train[rows])
        with torch.no_grad():
            slow_one, slow_two = slow(one), slow(two)
        loss = -closeness(predictor(online(one)), slow_two) - closeness(predictor(online(two)), slow_one)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for q, p in zip(slow.parameters(), online.parameters(), strict=True):
                q.lerp_(p, 0.05)
    if epoch % 6 == 5:
        print(f"epoch {epoch + 1}: loss {loss.item():.4f}")

spread, accuracy = probe(encoder)
print(f"feature spread {spread:.3f}, probe on 100 labels: accuracy {accuracy:.4f}")
