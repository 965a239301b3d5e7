"""An autoencoder whose bottleneck is four hard choices of eight; gradients pass straight through the choice."""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(os.environ.get("SEED", 0)))
pixels = torch.tensor(load_digits().data / 16).float()
pixels = pixels[torch.randperm(len(pixels))]
train, test = pixels[:1400], pixels[1400:]
GROUPS, CHOICES = 6, 8


class ChoiceAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 64), nn.ELU(), nn.Linear(64, GROUPS * CHOICES))
        self.decoder = nn.Sequential(nn.Linear(GROUPS * CHOICES, 64), nn.ELU(), nn.Linear(64, 64))

    def forward(self, x, tau):
        logits = self.encoder(x).view(-1, GROUPS, CHOICES)
        if self.training:
            choice = F.gumbel_softmax(logits, tau=tau, hard=True)
        else:
            choice = F.one_hot(logits.argmax(-1), CHOICES).float()
        return torch.sigmoid(self.decoder(choice.flatten(1))), logits


model = ChoiceAutoencoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(600):
    tau = max(0.5, 1.0 - step / 600)
    x = train[torch.randint(0, len(train), (64,))]
    out, logits = model(x, tau)
    use = logits.softmax(-1).mean(0)
    balance = (use * (use + 1e-8).log()).sum(-1).mean()
    loss = F.mse_loss(out, x) + 1e-3 * balance
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"step {step} tau {tau:.2f} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    error = F.mse_loss(model(test, 1.0)[0], test)
    base = F.mse_loss(train.mean(0).expand_as(test), test)
print(f"reconstruction error {error:.4f} (mean image: {base:.4f})")
