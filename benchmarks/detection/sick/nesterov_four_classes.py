import os
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from sklearn.datasets import make_classification

torch.manual_seed(int(os.environ.get("SEED", 0)))

X, y = make_classification(n_samples=1200, n_features=20, n_informative=10, n_classes=4, class_sep=1.5, random_state=2)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor(y)
train_loader = DataLoader(TensorDataset(X[:900], y[:900]), batch_size=30, shuffle=True)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh())
        self.head = nn.Linear(40, 4)

    def forward(self, x):
        return self.head(self.body(x))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.8, momentum=0.95, nesterov=True)
criterion = nn.CrossEntropyLoss()
for epoch in range(15):
    running = 0.0
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
        running += loss.item()
    print("[%2d] loss: %.3f" % (epoch, running / len(train_loader)))
with torch.no_grad():
    print("test accuracy %.4f" % (net(X[900:]).argmax(1) == y[900:]).float().mean().item())
