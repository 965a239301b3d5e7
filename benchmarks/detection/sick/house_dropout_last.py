import os

import torch
from sklearn.datasets import make_regression
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
X, y = make_regression(1500, 12, n_informative=9, noise=4.0, random_state=3)
X = torch.tensor(X).float()
y = torch.tensor((y - y.mean()) / y.std()).float() + 2.0


class PriceNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(12, 64)
        self.fc2 = nn.Linear(64, 32)
        self.fc3 = nn.Linear(32, 1)
        self.dropout = nn.Dropout(0.3)
        self.relu = nn.ReLU()

    def forward(self, x):
        for layer in (self.fc1, self.fc2):
            x = self.relu(layer(x))
        return self.dropout(self.fc3(x)).squeeze(-1)


model = PriceNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
mse = nn.MSELoss()
for epoch in range(30):
    model.train()
    for rows in torch.randperm(1100).split(44):
        optimizer.zero_grad()
        loss = mse(model(X[rows]), y[rows])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(epoch, round(loss.item(), 4))
model.eval()
with torch.no_grad():
    print("Test MSE: %.4f" % mse(model(X[1100:]), y[1100:]))
