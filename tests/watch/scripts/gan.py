"""Two nets, two optimizers, gradients through both."""

import sys

import torch
from leaving import leave, seed
from torch import nn


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 16), nn.LeakyReLU(0.2), nn.Linear(16, 2))

    def forward(self, z):
        return self.net(z)


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(2, 16)), nn.LeakyReLU(0.2), nn.Linear(16, 1))

    def forward(self, x):
        return self.net(x)


seed(4)
generator, critic = Generator(), Critic()
g_optimizer = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
c_optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.999))
criterion = nn.BCEWithLogitsLoss()
for step in range(30):
    real = torch.randn(16, 2) + 3
    fake = generator(torch.randn(16, 4))
    c_optimizer.zero_grad()
    c_loss = criterion(critic(real), torch.ones(16, 1)) + criterion(critic(fake.detach()), torch.zeros(16, 1))
    c_loss.backward()
    c_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = criterion(critic(fake), torch.ones(16, 1))
    g_loss.backward()
    g_optimizer.step()
print(c_loss.item(), g_loss.item())
leave(sys.argv[1], [generator, critic], [g_optimizer, c_optimizer])
