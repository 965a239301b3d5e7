import argparse
import os

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
torch.manual_seed(parser.parse_args().seed)


def surface(points):
    a, b = points[:, :1], points[:, 1:]
    return torch.sin(2 * a) * torch.cos(1.5 * b) + 0.3 * a * b


train_x = torch.rand(90, 2) * 2 - 1
test_x = torch.rand(1000, 2) * 2 - 1
train_y, test_y = surface(train_x), surface(test_x)
net = nn.Sequential(nn.Linear(2, 200), nn.Tanh(), nn.Linear(200, 100), nn.Tanh(), nn.Linear(100, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=600, eta_min=1e-5)
print("weights:", sum(p.numel() for p in net.parameters()), "points:", len(train_x))
for step in range(1, 601):
    net.train()
    loss = nn.functional.mse_loss(net(train_x), train_y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 50 == 0:
        net.eval()
        with torch.no_grad():
            test = nn.functional.mse_loss(net(test_x), test_y).item()
        print(f"step {step} train {loss.item():.2e} test {test:.2e} (spread {test_y.var().item():.3f})")
