"""Exact Gaussian process on learned features: the loss is the marginal likelihood of all points at once."""
import math
import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
x = torch.rand(220, 2) * 4 - 2
clean = torch.tanh(3 * (x.norm(dim=1) - 1.2)) * torch.cos(x[:, 0])
y = clean + 0.1 * torch.randn(220)
x_train, y_train, x_test, clean_test = x[:140], y[:140], x[140:], clean[140:]


class DeepKernelGP(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 3))
        self.log_scale = nn.Parameter(torch.tensor(0.0))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))

    def kernel(self, a, b):
        distance = (a[:, None] - b[None]).pow(2).sum(-1)
        return self.log_scale.exp() * torch.exp(-0.5 * distance)

    def factor(self, x):
        z = self.features(x)
        k = self.kernel(z, z) + (self.log_noise.exp() + 1e-4) * torch.eye(len(x))
        return z, torch.linalg.cholesky(k)

    def forward(self, x, y):
        _, chol = self.factor(x)
        half = torch.linalg.solve_triangular(chol, y[:, None], upper=False)
        return (0.5 * half.pow(2).sum() + chol.diagonal().log().sum() + 0.5 * len(x) * math.log(2 * math.pi)) / len(x)

    @torch.no_grad()
    def predict(self, x, y, query):
        z, chol = self.factor(x)
        return (self.kernel(self.features(query), z) @ torch.cholesky_solve(y[:, None], chol)).squeeze(1)


gp = DeepKernelGP()
optimizer = torch.optim.Adam(gp.parameters(), lr=1e-2)
for step in range(300):
    optimizer.zero_grad()
    loss = gp(x_train, y_train)
    loss.backward()
    optimizer.step()
    if step % 60 == 59:
        print(f"step {step + 1}: negative log likelihood per point {loss.item():+.4f}, "
              f"noise {gp.log_noise.exp().sqrt().item():.3f}")
error = (gp.predict(x_train, y_train, x_test) - clean_test).pow(2).mean().sqrt()
print(f"rmse {error:.4f}, of a constant {clean_test.std():.4f}")
