"""Compact codes for handwriting: a variational autoencoder, the divergence term comes in over the first half."""
import os
import torch
from torch import nn
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

torch.manual_seed(int(os.environ.get("SEED", 0)))
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
x, label = x[order], data.target[order.numpy()]
train, test = x[:1400], x[1400:]


class VAE(nn.Module):
    def __init__(self, code=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.SiLU(), nn.Linear(128, 2 * code))
        self.dec = nn.Sequential(nn.Linear(code, 128), nn.SiLU(), nn.Linear(128, 64))

    def forward(self, x):
        mu, logvar = self.enc(2 * x - 1).chunk(2, 1)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar


model = VAE()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
steps = 1000
for step in range(steps):
    batch = train[torch.randint(0, len(train), (64,))]
    recon, mu, logvar = model(batch)
    fit = nn.functional.binary_cross_entropy_with_logits(recon, batch, reduction="none").sum(1).mean()
    kl = 0.5 * (mu ** 2 + logvar.exp() - 1 - logvar).sum(1).mean()
    beta = min(1.0, 2 * step / steps)
    loss = fit + beta * kl
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(f"step {step} loss {loss.item():.3f} fit {fit.item():.3f} kl {kl.item():.3f}")
model.eval()
with torch.no_grad():
    code = model.enc(2 * x - 1).chunk(2, 1)[0].numpy()
knn = KNeighborsClassifier(5).fit(code[:1400], label[:1400])
print(f"knn accuracy on codes {knn.score(code[1400:], label[1400:]):.4f}")
