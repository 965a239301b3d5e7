"""Attention over the answers of a questionnaire, every matrix made by hand."""

import os

import torch
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

ITEMS, CHOICES, WIDTH, GROUPS = 16, 5, 64, 4


def matrix(rows, columns):
    return torch.randn(rows, columns, requires_grad=True)


def answers(n):
    group = torch.randint(0, GROUPS, (n,))
    taste = torch.randn(GROUPS, ITEMS, CHOICES, generator=torch.Generator().manual_seed(7)) * 0.6
    return torch.distributions.Categorical(logits=taste[group]).sample(), group


weights = {
    "answer": matrix(ITEMS * CHOICES, WIDTH),
    "query": matrix(WIDTH, WIDTH),
    "key": matrix(WIDTH, WIDTH),
    "value": matrix(WIDTH, WIDTH),
    "hidden": matrix(WIDTH, 128),
    "out": matrix(128, GROUPS),
}


def forward(picked):
    x = weights["answer"][picked + CHOICES * torch.arange(ITEMS)]
    q, k, v = x @ weights["query"], x @ weights["key"], x @ weights["value"]
    attention = torch.softmax(q @ k.transpose(1, 2) / WIDTH**0.5, dim=-1)
    x = x + attention @ v
    return F.gelu(x.mean(1) @ weights["hidden"]) @ weights["out"]


x_train, y_train = answers(5000)
x_test, y_test = answers(600)
optimizer = torch.optim.Adam(weights.values(), lr=1e-3)
for step in range(400):
    rows = torch.randint(0, len(x_train), (64,))
    loss = F.cross_entropy(forward(x_train[rows]), y_train[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.4f}")

with torch.no_grad():
    accuracy = (forward(x_test).argmax(1) == y_test).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
