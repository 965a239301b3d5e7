import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(os.environ.get("SEED", 0)))

data = load_digits()
images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16.0
labels = torch.tensor(data.target)
train_set, test_set = random_split(TensorDataset(images, labels), [1400, 397])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.fc1 = nn.Linear(16 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1e-4)

for epoch in range(12):
    model.train()
    for x, y in DataLoader(train_set, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

model.eval()
correct = 0
with torch.no_grad():
    for x, y in DataLoader(test_set, batch_size=100):
        correct += (model(x).argmax(1) == y).sum().item()
print(f"Accuracy: {100 * correct / len(test_set):.2f}%")
