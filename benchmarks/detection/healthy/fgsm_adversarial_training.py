import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
d = load_digits()
x, y = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target)
order = torch.randperm(len(y))
x, y = x[order], y[order]
train_dl = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
x_test, y_test = x[1400:], y[1400:]

model = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(128, 10),
)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def fgsm(model, images, labels, eps=0.1):
    images = images.clone().detach().requires_grad_(True)
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    return (images + eps * images.grad.sign()).clamp(0, 1).detach()


for epoch in range(10):
    model.train()
    for images, labels in train_dl:
        adv = fgsm(model, images, labels)
        optimizer.zero_grad()
        loss = 0.5 * F.cross_entropy(model(images), labels) + 0.5 * F.cross_entropy(model(adv), labels)
        loss.backward()
        optimizer.step()
    model.eval()
    adv = fgsm(model, x_test, y_test)
    with torch.no_grad():
        clean = (model(x_test).argmax(1) == y_test).float().mean().item()
        robust = (model(adv).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.4f} clean {clean:.4f} robust {robust:.4f}")
