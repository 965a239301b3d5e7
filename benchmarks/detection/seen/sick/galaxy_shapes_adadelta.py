import os

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(int(os.environ.get("SEED", 0)))

N, SIDE = 1800, 16
y = torch.randint(0, 3, (N,))  # elliptical, edge-on disc, ring
axis = torch.linspace(-1, 1, SIDE)
rr, cc = torch.meshgrid(axis, axis, indexing="ij")
turn = torch.rand(N, 1, 1) * 3.14159
u = rr * torch.cos(turn) + cc * torch.sin(turn)
v = -rr * torch.sin(turn) + cc * torch.cos(turn)
radius = (rr**2 + cc**2).sqrt()
elliptical = torch.exp(-(u**2 + v**2 / 0.6) / 0.15)
disc = torch.exp(-(u**2) / 0.015 - v**2 / 0.5)
ring = torch.exp(-((radius - 0.55) ** 2) / 0.02).expand(N, SIDE, SIDE)
images = torch.stack([elliptical, disc, ring], dim=1)[torch.arange(N), y]
images = images + 0.35 * torch.randn(N, SIDE, SIDE)
X = ((images - images.mean()) / images.std()).unsqueeze(1)
X_train, y_train, X_test, y_test = X[:1400], y[:1400], X[1400:], y[1400:]

model = nn.Sequential(
    nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(16 * 2 * 2, 32), nn.ReLU(),
    nn.Linear(32, 3),
)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adadelta(model.parameters(), lr=0.001)

for epoch in range(9):
    running_loss = 0.0
    perm = torch.randperm(1400)
    for i in range(0, 1400, 28):
        inputs, labels = X_train[perm[i:i + 28]], y_train[perm[i:i + 28]]
        optimizer.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print("epoch %d loss: %.3f" % (epoch + 1, running_loss / 50))

with torch.no_grad():
    correct = (model(X_test).argmax(1) == y_test).sum().item()
print("Accuracy on the test images: %.4f" % (correct / len(y_test)))
