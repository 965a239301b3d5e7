import os
import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

torch.manual_seed(int(os.environ.get("SEED", 0)))
digits = load_digits()

# one folder per digit, as on disk
train_parts, test_parts = [], []
for label in range(10):
    images = torch.tensor(digits.images[digits.target == label], dtype=torch.float32)[:, None] / 16
    labels = torch.full((len(images),), label)
    train_parts.append(TensorDataset(images[:130], labels[:130]))
    test_parts.append(TensorDataset(images[130:], labels[130:]))

train_loader = DataLoader(ConcatDataset(train_parts), batch_size=26, shuffle=True)
test_loader = DataLoader(ConcatDataset(test_parts), batch_size=128)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.Flatten(),
    nn.Linear(256, 10),
)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(8):
    for images, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

correct = 0
with torch.no_grad():
    for images, labels in test_loader:
        correct += (model(images).argmax(1) == labels).sum().item()
print("Accuracy on test images: %.3f" % (correct / len(test_loader.dataset)))
