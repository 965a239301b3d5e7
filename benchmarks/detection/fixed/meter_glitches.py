import os

import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)

g = torch.Generator().manual_seed(100)
hours = torch.rand(2400, 1, generator=g) * 24
load = torch.rand(2400, 3, generator=g)
x = torch.cat([torch.sin(hours / 24 * 6.2832), torch.cos(hours / 24 * 6.2832), load], dim=1)
y = 2 * x[:, :1] * load[:, :1] + load[:, 1:2] ** 2 - load[:, 2:] + 0.05 * torch.randn(2400, 1, generator=g)
glitch = torch.randperm(2000, generator=g)[:3]
y[glitch] = 60.0
x_train, y_train, x_test, y_test = x[:2000], y[:2000], x[2000:], y[2000:]


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(5, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU())
        self.head = nn.Linear(40, 1)

    def forward(self, x):
        return self.head(self.body(x))


net = Regressor()
optimizer = torch.optim.SGD(net.parameters(), lr=0.03)
loss_fn = nn.MSELoss()
for epoch in range(20):
    for rows in torch.randperm(2000).split(25):
        loss = loss_fn(net(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()

with torch.no_grad():
    print(f"test mse {loss_fn(net(x_test), y_test):.4f}")
