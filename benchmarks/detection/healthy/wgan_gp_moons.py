import os

import torch
import torch.autograd as autograd
import torch.nn as nn
from sklearn.datasets import make_moons

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
data = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0], dtype=torch.float32)
data = (data - data.mean(0)) / data.std(0)

LAMBDA, CRITIC_ITERS, BATCH = 0.1, 5, 128


class Generator(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(4, dim), nn.ReLU(True), nn.Linear(dim, dim), nn.ReLU(True), nn.Linear(dim, 2))

    def forward(self, noise):
        return self.main(noise)


class Critic(nn.Module):
    def __init__(self, dim=64):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, dim), nn.SiLU(), nn.Linear(dim, dim), nn.SiLU(), nn.Linear(dim, 1))

    def forward(self, x):
        return self.main(x).view(-1)


def calc_gradient_penalty(netD, real, fake):
    alpha = torch.rand(real.size(0), 1)
    inter = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    out = netD(inter)
    grads = autograd.grad(out, inter, torch.ones_like(out), create_graph=True, retain_graph=True)[0]
    return ((grads.norm(2, dim=1) - 1) ** 2).mean() * LAMBDA


netG, netD = Generator(), Critic()
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.9))
optG = torch.optim.Adam(netG.parameters(), lr=5e-4, betas=(0.5, 0.9))

for iteration in range(800):
    for p in netD.parameters():
        p.requires_grad = True
    for _ in range(CRITIC_ITERS):
        real = data[torch.randint(0, len(data), (BATCH,))]
        with torch.no_grad():
            fake = netG(torch.randn(BATCH, 4))
        netD.zero_grad()
        gp = calc_gradient_penalty(netD, real, fake)
        d_cost = netD(fake).mean() - netD(real).mean() + gp
        d_cost.backward()
        optD.step()

    for p in netD.parameters():
        p.requires_grad = False
    netG.zero_grad()
    g_cost = -netD(netG(torch.randn(BATCH, 4))).mean()
    g_cost.backward()
    optG.step()
    if iteration % 100 == 0:
        print(f"iter {iteration}: critic {d_cost.item():.4f} generator {g_cost.item():.4f} gp {gp.item():.4f}")

with torch.no_grad():
    fake, real = netG(torch.randn(2000, 4)), data[:2000]
    ed = 2 * torch.cdist(fake, real).mean() - torch.cdist(fake, fake).mean() - torch.cdist(real, real).mean()
print(f"energy distance {ed.item():.4f}")
