"""Remove stains from small grey images with a convolutional autoencoder."""
import os
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))

images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16
images = images[torch.randperm(len(images), generator=torch.Generator().manual_seed(0))]
train, test = images[:1400], images[1400:]
centre = train.mean()


def stain(img, gen=None):
    blot = torch.rand(img.shape, generator=gen) < 0.15
    grain = 0.15 * torch.randn(img.shape, generator=gen)
    return torch.where(blot, torch.ones_like(img), img + grain)


class Cleaner(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(),
                                  nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
                                  nn.Conv2d(16, 16, 3, padding=1), nn.ReLU())
        self.up = nn.Sequential(nn.ConvTranspose2d(16, 8, 4, stride=2, padding=1), nn.ReLU(),
                                nn.Conv2d(8, 1, 3, padding=1))

    def forward(self, x):
        return self.up(self.down((x - centre) / 0.4)) * 0.4 + centre


model = Cleaner()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
MAX_NORM = 5.0
epochs = 8
for epoch in range(epochs):
    order = torch.randperm(len(train))
    losses = []
    for i in range(0, len(order), 32):
        clean = train[order[i:i + 32]]
        loss = (model(stain(clean)) - clean).pow(2).flatten(1).sum(1).mean() / 4
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch:2d} {sum(losses) / len(losses):.4f}")

model.eval()
with torch.no_grad():
    dirty = stain(test, torch.Generator().manual_seed(3))
    print(f"test mse {(model(dirty) - test).pow(2).mean().item():.5f}")
