import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 11)))

KINDS = ("beech", "beech in shade", "oak", "oak in shade", "fern", "fern in shade")


def photographs(count, side=14):
    kind = torch.randint(0, len(KINDS), (count,))
    grid = torch.linspace(-1, 1, side)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    shape = kind // 2
    cx, cy = torch.rand(2, count, 1, 1) * 0.4 - 0.2
    radius = torch.sqrt((xx - cx) ** 2 + (1.4 * (yy - cy)) ** 2)
    angle = torch.atan2(yy - cy, xx - cx + 1e-6)
    outline = 0.6 + torch.where(shape == 1, 0.2, 0.0).view(-1, 1, 1) * torch.sin(5 * angle)
    leaf = torch.sigmoid((outline - radius) * 12)
    veins = 0.5 + 0.5 * torch.sin(14 * yy + torch.rand(count, 1, 1) * 6)
    leaf = torch.where((shape == 2).view(-1, 1, 1), leaf * veins, leaf)
    light = torch.where(kind % 2 == 0, 1.0, 0.45) + 0.05 * torch.randn(count)
    photos = leaf * light.view(-1, 1, 1) + 0.08 * torch.randn(count, side, side)
    return photos.unsqueeze(1), kind


class LeafNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.BatchNorm2d(12),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(24 * 9, 48), nn.ReLU(), nn.Linear(48, len(KINDS))
        )

    def forward(self, photo):
        return self.classifier(self.features(photo))


class LeafService:
    """Answers one photograph at a time, as the web page sends them."""

    def __init__(self, net):
        self.net = net
        self.net.eval()

    @torch.no_grad()
    def identify(self, photo):
        scores = self.net(photo.unsqueeze(0)).softmax(dim=1)[0]
        best = int(scores.argmax())
        return best, float(scores[best])


def fit(net, photos, kinds, epochs=6, batch=40):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
    net.train()
    for epoch in range(epochs):
        order = torch.randperm(len(photos))
        for part in order.split(batch):
            optimizer.zero_grad()
            loss = criterion(net(photos[part]), kinds[part])
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.3f}")


photos, kinds = photographs(1200)
net = LeafNet()
fit(net, photos[:1000], kinds[:1000])

service = LeafService(net)
right = 0
for photo, kind in zip(photos[1000:], kinds[1000:], strict=True):
    answer, confidence = service.identify(photo)
    right += answer == int(kind)
print(f"identified {right / 200:.4f} of new photographs (last: {KINDS[answer]}, {confidence:.2f})")
