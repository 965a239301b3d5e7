"""Two noisy views of one recording; the codes' cross-correlation over the batch is pushed to the identity."""

import os

import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
classes, dim = 5, 30
centres = torch.randn(classes, 8)
mix = torch.randn(8, dim)


def recordings(n):
    y = torch.randint(0, classes, (n,))
    source = centres[y] + 0.35 * torch.randn(n, 8)
    return torch.tanh(source @ mix * 0.4), y


def view(x):
    return (x + 0.25 * torch.randn_like(x)) * (torch.rand_like(x) > 0.2)


encoder = nn.Sequential(nn.Linear(dim, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 16))
projector = nn.Sequential(nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 24))
optimizer = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=3e-3)
x, y = recordings(2000)

for step in range(300):
    batch = x[torch.randint(0, len(x), (128,))]
    z1, z2 = projector(encoder(view(batch))), projector(encoder(view(batch)))
    z1 = (z1 - z1.mean(0)) / (z1.std(0) + 1e-4)
    z2 = (z2 - z2.mean(0)) / (z2.std(0) + 1e-4)
    cross = z1.t() @ z2 / len(batch)
    diagonal = torch.diagonal(cross)
    loss = (1 - diagonal).pow(2).sum() + 0.02 * (cross.pow(2).sum() - diagonal.pow(2).sum())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(f"step {step} loss {loss.item():.3f} mean agreement {diagonal.mean().item():.3f}")

encoder.eval()
with torch.no_grad():
    code, (x_test, y_test) = encoder(x), recordings(500)
    code_test = encoder(x_test)
probe = nn.Linear(16, classes)
probe_optimizer = torch.optim.Adam(probe.parameters(), lr=0.05)
for _ in range(100):
    probe_optimizer.zero_grad()
    F.cross_entropy(probe(code), y).backward()
    probe_optimizer.step()
print(f"linear probe accuracy {(probe(code_test).argmax(1) == y_test).float().mean().item():.4f}")
