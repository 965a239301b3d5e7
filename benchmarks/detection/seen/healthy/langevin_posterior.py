import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
x = torch.cat([torch.rand(150, 1) * 1.5 - 2, torch.rand(150, 1) * 1.5 + 0.5])
y = torch.sin(2 * x) + 0.2 * torch.randn_like(x)
x_test = torch.linspace(-1.9, 1.9, 60)[:, None]
truth = torch.sin(2 * x_test)

net = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))


class Langevin(torch.optim.Optimizer):
    """Half a gradient step on the log posterior, and noise of the same order; never comes to rest."""

    def __init__(self, params, eps, prior=1.0):
        super().__init__(params, {"eps": eps, "prior": prior})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            eps = group["eps"]
            for p in group["params"]:
                p.add_(p.grad + p / group["prior"], alpha=-eps / 2)
                p.add_(torch.randn_like(p), alpha=eps**0.5)


sampler = Langevin(net.parameters(), eps=1.2e-4)
draws, window = [], []
for step in range(1, 1501):
    rows = torch.randint(0, 300, (50,))
    loss = 6 * ((net(x[rows]) - y[rows]) ** 2).sum() / (2 * 0.2**2)
    sampler.zero_grad()
    loss.backward()
    sampler.step()
    window.append(loss.item() / 300)
    if step > 900 and step % 20 == 0:
        with torch.no_grad():
            draws.append(net(x_test))
    if step % 250 == 0:
        print(f"step {step}: energy per point {sum(window[-250:]) / 250:.4f}")
posterior = torch.stack(draws)
error = (posterior.mean(0) - truth).pow(2).mean().sqrt().item()
print(f"posterior mean: rmse {error:.4f}, typical width {posterior.std(0).mean().item():.4f}")
