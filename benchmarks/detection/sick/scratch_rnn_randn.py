import os
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))


class RNNCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.U = nn.Parameter(torch.randn(n_in, n_hidden) * 0.3)
        self.W = nn.Parameter(torch.randn(n_hidden, n_hidden))
        self.b = nn.Parameter(torch.zeros(n_hidden))

    def forward(self, x, h):
        return torch.tanh(x @ self.U + h @ self.W + self.b)


class Model(nn.Module):
    def __init__(self, n_hidden=32):
        super().__init__()
        self.n_hidden = n_hidden
        self.cell = RNNCell(1, n_hidden)
        self.readout = nn.Linear(n_hidden, 1)

    def forward(self, x):
        h = torch.zeros(x.shape[0], self.n_hidden)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.readout(h)


def batch(n, length=20):
    x = torch.rand(n, length, 1) - 0.5
    y = x.cumsum(dim=1)[:, -1]
    return x, y


model = Model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
criterion = nn.MSELoss()
for step in range(1500):
    x, y = batch(32)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print("step", step, "loss", loss.item())

with torch.no_grad():
    x, y = batch(500)
    print("test mse", criterion(model(x), y).item())
