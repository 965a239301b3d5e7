import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

SEED = int(os.environ.get("SEED", 0))
EPOCHS = 10
BATCH_SIZE = 32
TEETH = [3, 4, 5, 6, 7]

torch.manual_seed(SEED)
rng = np.random.default_rng(SEED)


def draw(count):
    yy, xx = np.mgrid[0:16, 0:16] - 7.5
    label = rng.integers(0, len(TEETH), count)
    images = np.empty((count, 1, 16, 16), dtype=np.float32)
    for i, k in enumerate(label):
        cy, cx = rng.uniform(-0.6, 0.6, 2)
        radius, angle = np.hypot(yy - cy, xx - cx), np.arctan2(yy - cy, xx - cx)
        edge = rng.uniform(5.0, 5.8) + 1.4 * np.sin(TEETH[k] * angle + rng.uniform(0, 2 * np.pi))
        images[i, 0] = 1 / (1 + np.exp(1.5 * (radius - edge))) + 0.12 * rng.standard_normal((16, 16))
    return torch.from_numpy(images - 0.4), torch.from_numpy(label)


train_loader = DataLoader(TensorDataset(*draw(2200)), batch_size=BATCH_SIZE, shuffle=True)
test_images, test_labels = draw(500)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, len(TEETH))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for images, labels in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"Epoch {epoch + 1}/{EPOCHS}, loss: {total / len(train_loader):.4f}")

model.eval()
with torch.no_grad():
    accuracy = (model(test_images).argmax(1) == test_labels).float().mean().item()
print(f"Test accuracy: {accuracy:.4f}")
