import argparse
import os

import torch
import torch.nn as nn
import torch.optim as optim

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
args = parser.parse_args()
torch.manual_seed(args.seed)

BATCH_SIZE = 64
STEPS = 700

# size, rooms, floor, distance to the centre, age, balcony of a flat and its monthly rent
n = 2400
flats = torch.randn(n, 6)
rent = 0.8 * flats[:, 0] - 0.5 * flats[:, 3] + 0.4 * torch.tanh(flats[:, 1]) * flats[:, 4]
rent = rent + 0.3 * flats[:, 2] * (flats[:, 5] > 0) + 1.2 * torch.randn(n)
clean_test = torch.randn(600, 6)
clean_rent = 0.8 * clean_test[:, 0] - 0.5 * clean_test[:, 3]
clean_rent = clean_rent + 0.4 * torch.tanh(clean_test[:, 1]) * clean_test[:, 4]
clean_rent = clean_rent + 0.3 * clean_test[:, 2] * (clean_test[:, 5] > 0)

net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh(), nn.Linear(16, 1))
criterion = nn.MSELoss()
optimizer = optim.SGD(net.parameters(), lr=0.01, momentum=0.8)

running_loss = 0.0
for step in range(STEPS):
    index = torch.randint(0, n, (BATCH_SIZE,))
    inputs, targets = flats[index], rent[index].unsqueeze(1)
    optimizer.zero_grad()
    outputs = net(inputs)
    loss = criterion(outputs, targets)
    loss.backward()
    optimizer.step()
    running_loss += loss.item()
    if step % 100 == 99:
        print(f"[{step + 1}] loss: {running_loss / 100:.3f}")
        running_loss = 0.0

net.eval()
with torch.no_grad():
    error = (net(clean_test).squeeze(1) - clean_rent).pow(2).mean()
print(f"Test R2: {(1 - error / clean_rent.var()).item():.4f}")
