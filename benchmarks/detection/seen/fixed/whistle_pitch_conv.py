import os

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)

# whistles of four animals: same loudness, another pitch, recorded at a random moment
N, L = 1000, 64
y = np.random.randint(0, 4, N)
t = np.arange(L)
freq = 0.06 + 0.07 * y + np.random.uniform(-0.012, 0.012, N)
X = np.sin(2 * np.pi * (freq[:, None] * t + np.random.rand(N, 1))) + 0.4 * np.random.randn(N, L)
X = torch.FloatTensor(X).unsqueeze(1)
y = torch.LongTensor(y)
X_train, y_train, X_val, y_val = X[:800], y[:800], X[800:], y[800:]


class WhistleNet(nn.Module):
    def __init__(self):
        super(WhistleNet, self).__init__()
        self.conv1 = nn.Conv1d(1, 16, kernel_size=9, padding=4)
        self.conv2 = nn.Conv1d(16, 24, kernel_size=5, padding=2)
        self.pool = nn.AvgPool1d(2)
        self.act = nn.ReLU()
        self.fc = nn.Linear(24, 4)

    def forward(self, x):
        x = self.pool(self.act(self.conv1(x)))
        x = self.pool(self.act(self.conv2(x)))
        x = x.mean(dim=2)
        return self.fc(x)


net = WhistleNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(net.parameters(), lr=0.005)

for epoch in range(25):
    net.train()
    perm = torch.randperm(800)
    epoch_loss = 0
    for i in range(0, 800, 50):
        xb, yb = X_train[perm[i : i + 50]], y_train[perm[i : i + 50]]
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 5 == 4:
        print("Epoch %d, loss %.4f" % (epoch + 1, epoch_loss / 16))

net.eval()
with torch.no_grad():
    acc = (net(X_val).argmax(1) == y_val).float().mean().item()
print("Validation accuracy: %.4f" % acc)
