import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class VAE(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 2 * latent))
        self.dec = nn.Sequential(nn.Linear(latent, 128), nn.ReLU(), nn.Linear(128, 64), nn.Sigmoid())

    def forward(self, x):
        mu, logvar = self.enc(x).chunk(2, dim=1)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec(z), mu, logvar

    @torch.no_grad()
    def reconstruct(self, x):
        mu, _ = self.enc(x).chunk(2, dim=1)
        return self.dec(mu)


def elbo_loss(out, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(out, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp()).sum(1)
    return (rec + 0.5 * kl).mean()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    images = load_digits().data.astype("float32") / 16.0
    train, test = train_test_split(images, test_size=0.25, random_state=1)
    train, test = torch.tensor(train), torch.tensor(test)
    torch.manual_seed(args.seed)
    vae = VAE()
    opt = torch.optim.Adam(vae.parameters(), lr=2e-3)
    for epoch in range(18):
        vae.train()
        total = 0.0
        for xb in train[torch.randperm(len(train))].split(64):
            out, mu, logvar = vae(xb)
            loss = elbo_loss(out, xb, mu, logvar)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(xb)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1} loss {total / len(train):.3f}")
    vae.eval()
    err = (vae.reconstruct(test) - test).pow(2).mean().item()
    print(f"held-out reconstruction mse {err:.5f}")


main()
