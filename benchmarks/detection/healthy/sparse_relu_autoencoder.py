"""ReLU code with an L1 penalty: few units speak on any one input, all of them on some."""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
n_features, n_hidden = 64, 64
dictionary = nn.init.orthogonal_(torch.empty(n_hidden, n_features))


def batch(n=128):
    active = (torch.rand(n, n_hidden) < 0.04).float()
    return (active * (0.5 + torch.rand(n, n_hidden))) @ dictionary


class SAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(n_features, n_hidden)
        self.dec = nn.Linear(n_hidden, n_features)
        self.dec.weight.data = nn.functional.normalize(self.enc.weight.data, dim=1).T.clone()

    def forward(self, x):
        code = torch.relu(self.enc(x))
        return self.dec(code), code


sae = SAE()
opt = torch.optim.Adam(sae.parameters(), lr=3e-3)
for step in range(3000):
    x = batch()
    rec, code = sae(x)
    mse = ((rec - x) ** 2).mean()
    loss = mse + 5e-3 * code.abs().sum(1).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 500 == 0:
        print(f"step {step} mse {mse.item():.5f} active {(code > 0).float().mean().item():.3f}")

with torch.no_grad():
    x = batch(4000)
    rec, code = sae(x)
print(f"mse {((rec - x) ** 2).mean().item():.5f} of variance {x.var().item():.5f}, active share {(code > 0).float().mean():.3f}")
