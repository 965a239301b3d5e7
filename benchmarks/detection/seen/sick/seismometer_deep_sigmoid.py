import argparse
import os

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)


def shocks(n):
    """Twelve numbers that describe a shock: blast, quake or passing train."""
    kind = torch.randint(0, 3, (n,))
    angle = 2.1 * kind + 1.3 * torch.randn(n) * 0.35
    radius = 1.5 + 0.3 * torch.randn(n)
    hidden = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle), 0.5 * torch.randn(n)], dim=1)
    return hidden @ mixing + 0.3 * torch.randn(n, 12), kind


mixing = torch.randn(3, 12)
x_train, y_train = shocks(2000)
x_test, y_test = shocks(600)
mean, std = x_train.mean(0), x_train.std(0)
train_loader = DataLoader(TensorDataset((x_train - mean) / std, y_train), batch_size=50, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 40)
        self.fc2 = nn.Linear(40, 40)
        self.fc3 = nn.Linear(40, 40)
        self.fc4 = nn.Linear(40, 40)
        self.fc5 = nn.Linear(40, 40)
        self.fc6 = nn.Linear(40, 40)
        self.fc7 = nn.Linear(40, 40)
        self.out = nn.Linear(40, 3)
        self.act = nn.Sigmoid()

    def forward(self, x):
        x = self.act(self.fc1(x))
        x = self.act(self.fc2(x))
        x = self.act(self.fc3(x))
        x = self.act(self.fc4(x))
        x = self.act(self.fc5(x))
        x = self.act(self.fc6(x))
        x = self.act(self.fc7(x))
        return self.out(x)


net = Net()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(net.parameters(), lr=0.001)

for epoch in range(10):
    running_loss = 0.0
    for inputs, labels in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    print(f"epoch {epoch + 1} loss {running_loss / len(train_loader):.4f}")

with torch.no_grad():
    predicted = net((x_test - mean) / std).argmax(dim=1)
print(f"Accuracy on the test set: {(predicted == y_test).float().mean().item():.4f}")
