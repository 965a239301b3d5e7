import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

digits = load_digits()
images = digits.images[:, None] / 8.0 - 1.0
X_train, X_test, y_train, y_test = train_test_split(images, digits.target, test_size=0.25, random_state=seed)
X_train = torch.tensor(X_train, dtype=torch.float32)
X_test = torch.tensor(X_test, dtype=torch.float32)
y_train, y_test = torch.tensor(y_train), torch.tensor(y_test)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, padding=1)
        self.fc1 = nn.Linear(24 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


net = Net()
criterion = nn.CrossEntropyLoss()
learning_rate = 0.05
optimizer = torch.optim.SGD(net.parameters(), lr=learning_rate, momentum=0.9)
batch_size = 32

for epoch in range(8):
    net.train()
    running_loss = 0.0
    permutation = torch.randperm(X_train.size(0))
    for i in range(0, X_train.size(0), batch_size):
        indices = permutation[i:i + batch_size]
        outputs = net(X_train[indices])
        loss = criterion(outputs, y_train[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running_loss += loss.item() * len(indices)
    print("Epoch %d, loss %.4f" % (epoch + 1, running_loss / len(X_train)))

net.eval()
with torch.no_grad():
    correct = (net(X_test).argmax(dim=1) == y_test).sum().item()
print("Accuracy on the test images: %.4f" % (correct / len(y_test)))
