import os
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))


class LeNetLike(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 3, padding=1)
        self.c2 = nn.Conv2d(6, 12, 3, padding=1)
        self.c3 = nn.Conv2d(12, 12, 3, padding=1)
        self.f1 = nn.Linear(48, 48)
        self.f2 = nn.Linear(48, 32)
        self.f3 = nn.Linear(32, 10)

    def act(self, x):
        return torch.relu(x)

    def forward(self, x):
        x = self.act(self.c1(x))
        x = F.avg_pool2d(self.act(self.c2(x)), 2)
        x = self.act(self.c3(x))
        x = F.avg_pool2d(x, 2)
        x = x.flatten(1)
        x = self.act(self.f1(x))
        x = self.act(self.f2(x))
        return self.f3(x)


images = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1)
images = (images - images.mean()) / images.std()
labels = torch.tensor(load_digits().target)
order = torch.randperm(len(images), generator=torch.Generator().manual_seed(4))
train, test = order[:1400], order[1400:]

net = LeNetLike()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(12):
    total = 0.0
    batches = train[torch.randperm(len(train))].split(32)
    for b in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images[b]), labels[b])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, total / len(batches))

with torch.no_grad():
    print("test accuracy", (net(images[test]).argmax(1) == labels[test]).float().mean().item())
