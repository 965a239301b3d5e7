"""Pretrain on digits 0-4, then reuse the frozen feature extractor for digits 5-9."""
import os
import tempfile

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        )

    def forward(self, x):
        return self.layers(x)


class Classifier(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.backbone = Backbone()
        self.head = nn.Linear(128, n_out)

    def forward(self, x):
        return self.head(self.backbone(x))


d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32)[:, None] / 16
y = torch.tensor(d.target)
low, high = y < 5, y >= 5


def fit(model, x, y, optimizer, epochs, frozen=False):
    for epoch in range(epochs):
        model.train()
        if frozen:
            model.backbone.eval()
        order = torch.randperm(len(x))
        total = 0
        for chunk in order.split(64):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[chunk]), y[chunk])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chunk)
        print(f"epoch {epoch} loss {total / len(x):.4f}")


pretrained = Classifier(5)
fit(pretrained, x[low], y[low], torch.optim.Adam(pretrained.parameters(), lr=1e-3), epochs=5)

with tempfile.TemporaryDirectory() as folder:
    ckpt = os.path.join(folder, "backbone.pt")
    torch.save(pretrained.backbone.state_dict(), ckpt)
    model = Classifier(5)
    model.backbone.load_state_dict(torch.load(ckpt))

for p in model.backbone.parameters():
    p.requires_grad = False

xh, yh = x[high], y[high] - 5
n_train = 600
optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=3e-3)
fit(model, xh[:n_train], yh[:n_train], optimizer, epochs=15, frozen=True)

model.eval()
with torch.no_grad():
    acc = (model(xh[n_train:]).argmax(1) == yh[n_train:]).float().mean().item()
print(f"transfer accuracy: {acc:.4f}")
