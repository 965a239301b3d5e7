"""Noise is added to every gradient on purpose, much at first and little at the end."""

import os

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

x, y = load_breast_cancer(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=seed, stratify=y)
scaler = StandardScaler().fit(x_train)
x_train = torch.tensor(scaler.transform(x_train), dtype=torch.float32)
x_test = torch.tensor(scaler.transform(x_test), dtype=torch.float32)
y_train, y_test = torch.tensor(y_train).float(), torch.tensor(y_test).float()

net = nn.Sequential(nn.Linear(30, 12), nn.Softplus(), nn.Linear(12, 1))
spread = {"now": 0.0}
for p in net.parameters():
    p.register_hook(lambda g: g + spread["now"] * torch.randn_like(g))

optimizer = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=2e-3)
step = 0
for epoch in range(30):
    for rows in torch.randperm(len(x_train)).split(24):
        spread["now"] = 0.15 / (1 + step) ** 0.55
        loss = nn.functional.binary_cross_entropy_with_logits(net(x_train[rows]).squeeze(1), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    if epoch % 5 == 4:
        with torch.no_grad():
            held_out = nn.functional.binary_cross_entropy_with_logits(net(x_test).squeeze(1), y_test).item()
        print(f"epoch {epoch + 1}: batch {loss.item():.3f} held out {held_out:.3f} noise {spread['now']:.4f}")

with torch.no_grad():
    accuracy = ((net(x_test).squeeze(1) > 0).float() == y_test).float().mean().item()
print(f"test accuracy {accuracy:.4f}")
