"""VAE whose KL weight is warmed up, so that the total loss rises for a while."""
import os

import torch
from sklearn.datasets import make_blobs
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
raw, _ = make_blobs(3000, n_features=10, centers=6, cluster_std=0.8, random_state=1)
data = torch.tensor(raw, dtype=torch.float32)
data = (data - data.mean(0)) / data.std(0)

enc = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 6))
dec = nn.Sequential(nn.Linear(3, 64), nn.ReLU(), nn.Linear(64, 10))
params = list(enc.parameters()) + list(dec.parameters())
opt = torch.optim.Adam(params, lr=2e-3)
EPOCHS = 30
for epoch in range(EPOCHS):
    beta = min(1.0, epoch / 20)
    rec_sum = kl_sum = 0.0
    for idx in torch.randperm(len(data)).split(100):
        x = data[idx]
        mu, logvar = enc(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        rec = 0.5 * ((dec(z) - x) ** 2).sum(1).mean() / 0.1
        kl = (-0.5 * (1 + logvar - mu ** 2 - logvar.exp())).sum(1).mean()
        loss = rec + beta * kl
        opt.zero_grad()
        loss.backward()
        opt.step()
        rec_sum, kl_sum = rec_sum + rec.item(), kl_sum + kl.item()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} beta {beta:.2f} rec {rec_sum / 30:.3f} kl {kl_sum / 30:.3f} total {(rec_sum + beta * kl_sum) / 30:.3f}")
with torch.no_grad():
    mu = enc(data)[:, :3]
    print(f"reconstruction mse {((dec(mu) - data) ** 2).mean().item():.4f}")
