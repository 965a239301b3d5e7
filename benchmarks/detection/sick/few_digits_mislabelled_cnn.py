import os
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

SEED = int(os.environ.get("SEED", 0))
torch.manual_seed(SEED)
rng = np.random.RandomState(17)

digits = load_digits()
order = rng.permutation(len(digits.images))
images = torch.tensor(digits.images[order], dtype=torch.float32)[:, None] / 16
target = digits.target[order].copy()
# annotators were in a hurry: about a quarter of the labels are wrong
wrong = rng.rand(len(target)) < 0.25
target[wrong] = rng.randint(0, 10, wrong.sum())
target = torch.tensor(target)
x_train, y_train, x_val, y_val = images[:300], target[:300], images[300:900], target[300:900]


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 4, 128)
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


model = ConvNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
epochs = 50
for epoch in range(epochs):
    model.train()
    for batch in torch.randperm(len(x_train)).split(20):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = F.cross_entropy(model(x_val), y_val)
    print("epoch %d train %.3f val %.3f" % (epoch, loss, val))
print("last validation loss %.4f" % val)
