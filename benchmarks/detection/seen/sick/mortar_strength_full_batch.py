import argparse
import os

import torch
import torch.nn as nn

ap = argparse.ArgumentParser()
ap.add_argument("--seed", type=int, default=int(os.environ.get("SEED", "0")))
opt = ap.parse_args()
torch.manual_seed(opt.seed)

# mixing plan: cement, lime, sand, water, age, temperature; all in units of their usual spread
n = 420
mix = torch.randn(n, 6)
mix[:, 3] = 0.7 * mix[:, 0] + 0.5 * mix[:, 3]
strength = (
    1.2 * mix[:, 0]
    - 0.8 * mix[:, 3]
    + torch.tanh(1.5 * mix[:, 4])
    + 0.4 * mix[:, 1] * mix[:, 5]
    + 0.15 * torch.randn(n)
)
strength = (strength - strength[:300].mean()) / strength[:300].std()
x_train, y_train = mix[:300], strength[:300, None]
x_test, y_test = mix[300:], strength[300:, None]

net = nn.Sequential(nn.Linear(6, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
criterion = nn.SmoothL1Loss()
optimizer = torch.optim.SGD(net.parameters(), lr=1.15)

for it in range(600):
    optimizer.zero_grad()
    loss = criterion(net(x_train), y_train)
    loss.backward()
    optimizer.step()
    if it % 80 < 2:
        print(f"iteration {it}: {loss.item():.4f}")

net.eval()
with torch.no_grad():
    mae = (net(x_test) - y_test).abs().mean().item()
print(f"test mae {mae:.4f}  (mean as guess: {(y_test - y_train.mean()).abs().mean().item():.4f})")
