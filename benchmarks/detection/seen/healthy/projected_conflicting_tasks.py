"""Two tasks share a trunk; where their gradients quarrel, each is bent out of the other's way."""

import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
mix = torch.randn(12, 12)


def panel(n):
    x = torch.randn(n, 12)
    h = torch.tanh(x @ mix / 3)
    heat = h[:, 0] + h[:, 1] * h[:, 2] + 0.1 * torch.randn(n)
    label = ((h[:, 3] - h[:, 1] + 0.3 * h[:, 0]) > 0).float()
    return x, heat, label


class SharedTrunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(12, 64), nn.ELU(), nn.Linear(64, 64), nn.ELU())
        self.heat, self.alarm = nn.Linear(64, 1), nn.Linear(64, 1)

    def forward(self, x):
        z = self.trunk(x)
        return self.heat(z).squeeze(1), self.alarm(z).squeeze(1)


def flat(grads, params):
    return torch.cat(
        [(torch.zeros_like(p) if g is None else g).flatten() for g, p in zip(grads, params, strict=True)]
    )


def without_conflict(mine, other):
    dot = mine @ other
    return mine - dot / other.pow(2).sum() * other if dot < 0 else mine


model = SharedTrunk()
params = list(model.parameters())
optimizer = torch.optim.Adam(params, lr=2e-3)
x_train, heat_train, label_train = panel(4000)
for step in range(500):
    rows = torch.randint(0, len(x_train), (64,))
    heat, alarm = model(x_train[rows])
    first = nn.functional.mse_loss(heat, heat_train[rows])
    second = nn.functional.binary_cross_entropy_with_logits(alarm, label_train[rows])
    one = flat(torch.autograd.grad(first, params, retain_graph=True, allow_unused=True), params)
    two = flat(torch.autograd.grad(second, params, allow_unused=True), params)
    merged = without_conflict(one, two) + without_conflict(two, one)
    for p, piece in zip(params, merged.split([p.numel() for p in params]), strict=True):
        p.grad = piece.view_as(p).clone()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step}: heat {first.item():.3f} tag {second.item():.3f} dot {(one @ two).sign().item():+.0f}")

x_test, heat_test, label_test = panel(1000)
with torch.no_grad():
    heat, alarm = model(x_test)
    mse = nn.functional.mse_loss(heat, heat_test).item()
    accuracy = ((alarm > 0).float() == label_test).float().mean().item()
print(f"heat mse {mse:.4f} (variance {heat_test.var().item():.4f})")
print(f"test accuracy {accuracy:.4f}")
