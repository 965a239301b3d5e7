"""Evidential classifier: answers a Dirichlet, trained on an expected squared error and a growing penalty."""

import os

import torch
import torch.nn as nn
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
table, kinds = load_wine(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(
    table, kinds, test_size=0.3, random_state=seed, stratify=kinds
)
mean, std = x_train.mean(0), x_train.std(0)
x_train, x_test = (torch.tensor((x - mean) / std, dtype=torch.float32) for x in (x_train, x_test))
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)


def expected_error(alpha, one_hot):
    total = alpha.sum(1, keepdim=True)
    p = alpha / total
    return ((one_hot - p) ** 2 + p * (1 - p) / (total + 1)).sum(1).mean()


def surplus(alpha, one_hot):
    wrong = one_hot + (1 - one_hot) * alpha
    flat = torch.ones_like(wrong)
    return torch.distributions.kl_divergence(
        torch.distributions.Dirichlet(wrong), torch.distributions.Dirichlet(flat)
    ).mean()


net = nn.Sequential(nn.Linear(13, 24), nn.Tanh(), nn.Linear(24, 3), nn.Softplus())
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3, weight_decay=1e-3)
hot = nn.functional.one_hot(y_train, 3).float()

for epoch in range(60):
    pull = min(1.0, epoch / 30) * 0.3
    for rows in torch.randperm(len(x_train)).split(16):
        alpha = net(x_train[rows]) + 1
        loss = expected_error(alpha, hot[rows]) + pull * surplus(alpha, hot[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        with torch.no_grad():
            alpha = net(x_test) + 1
            accuracy = (alpha.argmax(1) == y_test).float().mean().item()
            doubt = (3 / alpha.sum(1)).mean().item()
            strange = (3 / (net(x_test.flip(1) * 0.2) + 1).sum(1)).mean().item()
        print(
            f"epoch {epoch + 1}: loss {loss.item():.3f} test {accuracy:.3f} doubt {doubt:.2f} {strange:.2f}"
        )
