import math
import os
import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

latent_dim = 8
batch_size = 128
n_iter = 2500


def real_samples(n):
    k = torch.randint(0, 8, (n,)).float()
    centers = torch.stack([torch.cos(2 * math.pi * k / 8), torch.sin(2 * math.pi * k / 8)], 1)
    return centers + 0.05 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(latent_dim, 64), nn.ReLU(),
            nn.Linear(64, 64), nn.ReLU(),
            nn.Linear(64, 2),
        )

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 64), nn.LeakyReLU(0.2),
            nn.Linear(64, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.net(x)


G, D = Generator(), Discriminator()
adversarial_loss = nn.BCELoss()
optimizer_G = torch.optim.Adam(G.parameters(), lr=5e-4, betas=(0.5, 0.999))
optimizer_D = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))

for it in range(n_iter):
    valid = torch.ones(batch_size, 1)
    fake = torch.zeros(batch_size, 1)

    # generator
    optimizer_G.zero_grad()
    z = torch.randn(batch_size, latent_dim)
    gen = G(z)
    g_loss = adversarial_loss(D(gen), valid)
    g_loss.backward()
    optimizer_G.step()

    # discriminator
    optimizer_D.zero_grad()
    real_loss = adversarial_loss(D(real_samples(batch_size)), valid)
    fake_loss = adversarial_loss(D(gen.detach()), fake)
    d_loss = (real_loss + fake_loss) / 2
    d_loss.backward()
    optimizer_D.step()

    if it % 250 == 0:
        print("[%d/%d] D loss: %.4f  G loss: %.4f" % (it, n_iter, d_loss.item(), g_loss.item()))

with torch.no_grad():
    samples = G(torch.randn(2000, latent_dim))
    real = real_samples(2000)

    def energy(a, b):
        return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()

    print("energy distance to data: %.4f (origin: %.4f)" % (
        energy(samples, real), energy(torch.zeros(500, 2), real)))
