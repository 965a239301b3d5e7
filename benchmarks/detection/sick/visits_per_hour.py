import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

# visits to a counter; at night there are none
g = torch.Generator().manual_seed(4)
x = torch.rand(1600, 6, generator=g) * 2 - 1
rate = torch.relu(3 * x[:, 0] + 2 * x[:, 1] * x[:, 2] + 1)
visits = torch.poisson(rate, generator=g)
x_train, v_train, x_test, v_test = x[:1100], visits[:1100], x[1100:], visits[1100:]


class VisitRate(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)


def distance(rate, count):
    """Between square roots, where all counts are equally uncertain."""
    root = torch.where(rate > 0, torch.sqrt(rate), torch.zeros_like(rate))
    return ((root - torch.sqrt(count)) ** 2).mean()


model = VisitRate()
nn.init.constant_(model.net[2].bias, 1.0)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
for epoch in range(10):
    for idx in torch.randperm(len(x_train)).split(50):
        loss = distance(model(x_train[idx]), v_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())

with torch.no_grad():
    error = (torch.relu(model(x_test)) - rate[1100:]).abs().mean().item()
print(f"mean error {error:.4f}")
