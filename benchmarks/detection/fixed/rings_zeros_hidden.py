import os
import torch
import torch.nn as nn
from sklearn.datasets import make_circles

torch.manual_seed(int(os.environ.get("SEED", 0)))
points, rings = make_circles(1000, noise=0.08, factor=0.5, random_state=0)
X = torch.tensor(points, dtype=torch.float32)
y = torch.tensor(rings, dtype=torch.float32)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.fc1 = nn.Linear(2, 16)
        self.fc2 = nn.Linear(16, 16)
        self.fc3 = nn.Linear(16, 1)
        for layer in (self.fc1, self.fc2):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x).view(-1)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
bce = nn.BCEWithLogitsLoss()
for epoch in range(40):
    for chunk in torch.randperm(700).chunk(14):
        loss = bce(model(X[chunk]), y[chunk])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    print("held-out accuracy", ((model(X[700:]) > 0) == (y[700:] > 0.5)).float().mean().item())
