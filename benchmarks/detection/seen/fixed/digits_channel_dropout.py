import os

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)


class Block(nn.Module):
    def __init__(self, c_in, c_out, p):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)
        self.act = nn.Hardswish()
        self.drop = nn.Dropout2d(p)

    def forward(self, x):
        return self.drop(self.act(self.norm(self.conv(x))))


class SmallNet(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.stem = Block(1, 16, p)
        self.middle = Block(16, 24, p)
        self.pool = nn.MaxPool2d(2)
        self.last = Block(24, 24, p)
        self.fc = nn.Linear(24 * 16, 10)

    def forward(self, x):
        return self.fc(self.last(self.pool(self.middle(self.stem(x)))).flatten(1))


digits = load_digits()
images = torch.from_numpy((digits.images / 16.0 - 0.3).astype(np.float32))[:, None]
labels = torch.from_numpy(digits.target)
order = torch.from_numpy(np.random.RandomState(1).permutation(len(labels)))
train, test = order[:1000], order[1000:]

model = SmallNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)
loss_fn = nn.CrossEntropyLoss()
for epoch in range(5):
    model.train()
    losses = []
    for chunk in train[torch.randperm(len(train))].split(30):
        loss = loss_fn(model(images[chunk]), labels[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
    model.eval()
    with torch.no_grad():
        acc = (model(images[test]).argmax(1) == labels[test]).float().mean().item()
    print(f"{epoch} {np.mean(losses):.4f} test accuracy {acc:.4f}")
