"""Masked autoencoder as a density: every pixel from the pixels before it, weights cut by masks."""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
pixels = torch.tensor(load_digits().data > 7, dtype=torch.float32)
pixels = pixels[torch.randperm(len(pixels))]
train, held = pixels[:1400], pixels[1400:]


class MaskedLinear(nn.Linear):
    def __init__(self, before, after, strict):
        super().__init__(len(before), len(after))
        mask = after[:, None] > before[None] if strict else after[:, None] >= before[None]
        self.register_buffer("mask", mask.float())

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class Made(nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        place = torch.arange(1, size + 1)
        inner = torch.randint(1, size, (hidden,))
        self.first = MaskedLinear(place, inner, strict=False)
        self.second = MaskedLinear(inner, inner, strict=False)
        self.last = MaskedLinear(inner, place, strict=True)

    def forward(self, x):
        h = F.relu(self.first(x))
        return self.last(F.relu(self.second(h)))


def nats(net, x):
    return F.binary_cross_entropy_with_logits(net(x), x, reduction="none").sum(1).mean()


net = Made(64, 200)
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.05)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
share = train.mean(0).clamp(1e-3, 1 - 1e-3)
apart = F.binary_cross_entropy(share.expand_as(held), held, reduction="none").sum(1).mean()
print("independent pixels: %.2f nats on held-out digits" % apart)
for epoch in range(12):
    net.train()
    for rows in torch.randperm(len(train)).split(50):
        optimizer.zero_grad()
        loss = nats(net, train[rows])
        loss.backward()
        optimizer.step()
    schedule.step()
    net.eval()
    with torch.no_grad():
        print("epoch %2d  train %.2f  held out %.2f" % (epoch + 1, nats(net, train), nats(net, held)))
