import os

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

CLASSES, SIDE = 24, 10
EMBED = 2

shapes = (torch.rand(CLASSES, SIDE, SIDE, generator=torch.Generator().manual_seed(5)) < 0.4).float()


def photos(n):
    label = torch.randint(0, CLASSES, (n,))
    light = 0.7 + 0.6 * torch.rand(n, 1, 1)
    image = shapes[label] * light + 0.45 * torch.randn(n, SIDE, SIDE)
    return image.unsqueeze(1), label


class GlyphEmbedder(nn.Module):
    """Images to short codes, codes to signs."""

    def __init__(self, embed=EMBED):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.code = nn.Sequential(nn.Flatten(), nn.Linear(12 * 25, embed), nn.Tanh())
        self.head = nn.Linear(embed, CLASSES)

    def forward(self, image):
        return self.head(self.code(self.conv(image)))


def accuracy(net, images, labels):
    net.eval()
    with torch.no_grad():
        return (net(images).argmax(1) == labels).float().mean().item()


images, labels = photos(2000)
test_images, test_labels = photos(600)
net = GlyphEmbedder()
optimizer = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=6, gamma=0.5)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(14):
    net.train()
    for idx in torch.randperm(len(images)).split(50):
        optimizer.zero_grad()
        loss = loss_fn(net(images[idx]), labels[idx])
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"epoch {epoch + 1} loss {loss.item():.3f} train {accuracy(net, images, labels):.3f}")

print(f"signs read: {accuracy(net, test_images, test_labels):.4f}")
