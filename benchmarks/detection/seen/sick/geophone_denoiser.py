import argparse
import os

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed


def ground_motion(n, gen, length=72):
    """Damped wavelets at random arrival times."""
    t = torch.arange(length).float()
    arrival = 10 + 35 * torch.rand(n, 2, 1, generator=gen)
    period = 6 + 10 * torch.rand(n, 2, 1, generator=gen)
    strength = 0.5 + 1.5 * torch.rand(n, 2, 1, generator=gen)
    lag = (t - arrival).clamp(min=0)
    waves = strength * torch.exp(-lag / 15) * torch.sin(2 * torch.pi * lag / period)
    return waves.sum(1, keepdim=True)


gen = torch.Generator().manual_seed(21)
clean = ground_motion(1500, gen)
noisy = clean + 0.6 * torch.randn(clean.shape, generator=gen)
clean_train, noisy_train = clean[:1200], noisy[:1200]
clean_test, noisy_test = clean[1200:], noisy[1200:]

torch.manual_seed(seed)
model = nn.Sequential(
    nn.Conv1d(1, 16, 9, padding=4),
    nn.ReLU(),
    nn.Conv1d(16, 16, 9, padding=4),
    nn.ReLU(),
    nn.Conv1d(16, 1, 9, padding=4),
)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

batch_size = 40
for epoch in range(8):
    permutation = torch.randperm(len(clean_train))
    for start in range(0, len(permutation), batch_size):
        indices = permutation[start : start + batch_size]
        output = model(noisy_train[indices])
        loss = criterion(output, clean_train[indices])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1} loss {loss.item():.4f}")

with torch.no_grad():
    mse = criterion(model(noisy_test), clean_test).item()
print(f"noise before {criterion(noisy_test, clean_test).item():.4f}")
print(f"test mse {mse:.5f}")
