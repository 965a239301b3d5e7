import os
import numpy as np
import torch
import torch.nn as nn

seed = int(os.environ.get("SEED", 0))
rng = np.random.RandomState(seed)
torch.manual_seed(seed)
y = rng.uniform(-10.5, 10.5, (2500, 1)).astype(np.float32)
x = (np.sin(0.75 * y) * 7.0 + y * 0.5 + rng.normal(size=y.shape)).astype(np.float32)
x, y = torch.from_numpy(x / 10), torch.from_numpy(y / 10)


class MDN(nn.Module):
    def __init__(self, n_hidden=32, n_gaussians=6):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians)

    def forward(self, x):
        z_h = self.z_h(x)
        pi = nn.functional.softmax(self.z_pi(z_h), -1)
        return pi, torch.exp(self.z_sigma(z_h)), self.z_mu(z_h)


def mdn_loss_fn(y, mu, sigma, pi):
    m = torch.distributions.Normal(loc=mu, scale=sigma)
    loss = torch.exp(m.log_prob(y.expand_as(mu)))
    loss = torch.sum(loss * pi, dim=1)
    return torch.mean(-torch.log(loss + 1e-8))


network = MDN()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
for epoch in range(1000):
    rows = torch.randint(0, 2000, (250,))
    pi, sigma, mu = network(x[rows])
    loss = mdn_loss_fn(y[rows], mu, sigma, pi)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 200 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    pi, sigma, mu = network(x[2000:])
    print("held-out nll %.4f" % mdn_loss_fn(y[2000:], mu, sigma, pi).item())
