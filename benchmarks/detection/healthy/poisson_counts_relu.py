"""Bike-rental style counts, softplus mean, Poisson likelihood; later the same net as plain ReLU regression."""
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 0))
np.random.seed(seed)
torch.manual_seed(seed)
hour = np.random.randint(0, 24, 3000)
temp = np.random.uniform(-5, 30, 3000)
rain = np.random.rand(3000) < 0.2
rate = np.exp(0.3 + 1.2 * np.sin((hour - 9) / 24 * 2 * np.pi) + 0.04 * temp - 0.8 * rain)
count = np.random.poisson(rate)
X = np.stack([np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi), (temp - 12.5) / 10, rain], 1)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(count, dtype=torch.float32)
mu_true = torch.tensor(rate, dtype=torch.float32)


class CountNet(nn.Module):
    def __init__(self, final):
        super().__init__()
        self.fc1 = nn.Linear(4, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, 1)
        nn.init.constant_(self.fc3.bias, 1.0)
        self.final = final

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.final(self.fc3(x)).squeeze(1)


def fit(net, loss_fn, epochs=15):
    opt = torch.optim.Adam(net.parameters(), lr=3e-3)
    for epoch in range(epochs):
        for idx in torch.randperm(2500).split(50):
            opt.zero_grad()
            loss = loss_fn(net(X[idx]), y[idx])
            loss.backward()
            opt.step()
    with torch.no_grad():
        return ((net(X[2500:]) - mu_true[2500:]) ** 2).mean().item()


print("variance of the true rate %.4f" % mu_true[2500:].var().item())
print("poisson: mse to true rate %.4f" % fit(CountNet(F.softplus), nn.PoissonNLLLoss(log_input=False)))
print("relu: mse to true rate %.4f" % fit(CountNet(F.relu), nn.MSELoss()))
