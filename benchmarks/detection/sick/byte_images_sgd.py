import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))

# images as they come out of a PNG: uint8, 0..255
images = np.clip(load_digits().images * 16, 0, 255).astype(np.uint8)
labels = load_digits().target
order = np.random.RandomState(0).permutation(len(images))
images, labels = images[order], labels[order]

x = torch.from_numpy(images).float().view(len(images), -1)
y = torch.from_numpy(labels).long()


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(64, 100)
        self.fc2 = nn.Linear(100, 50)
        self.fc3 = nn.Linear(50, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.5)
for epoch in range(15):
    perm = torch.randperm(1400)
    for i in range(0, 1400, 32):
        idx = perm[i:i + 32]
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    print("test accuracy", (net(x[1400:]).argmax(1) == y[1400:]).float().mean().item())
