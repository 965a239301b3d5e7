import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
x = x[torch.randperm(len(x))]
train, test = x[:1500], x[1500:]


class VectorQuantizer(nn.Module):
    def __init__(self, num_embeddings=32, dim=8, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(num_embeddings, dim)
        nn.init.normal_(self.codebook.weight)
        self.beta = beta

    def forward(self, z):
        flat = z.reshape(-1, z.shape[-1])
        codes = torch.cdist(flat, self.codebook.weight).argmin(1)
        q = self.codebook(codes).view_as(z)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        return z + (q - z).detach(), loss, codes


class VQVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64))
        self.vq = VectorQuantizer()
        self.decoder = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64))

    def forward(self, x):
        z = self.encoder(x).view(-1, 8, 8)
        q, vq_loss, codes = self.vq(z)
        return self.decoder(q.flatten(1)), vq_loss, codes


model = VQVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(30):
    for idx in torch.randperm(len(train)).split(50):
        recon, vq_loss, _ = model(train[idx])
        loss = F.mse_loss(recon, train[idx]) + 0.1 * vq_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        with torch.no_grad():
            recon, _, codes = model(test)
        print(f"epoch {epoch + 1} test mse {F.mse_loss(recon, test).item():.5f} codes in use {codes.unique().numel()}")
print(f"mean image mse {F.mse_loss(train.mean(0).expand_as(test), test).item():.5f}")
