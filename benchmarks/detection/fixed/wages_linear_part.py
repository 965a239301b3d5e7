import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))

weights = torch.tensor([0.3, -0.2, 0.1, 0.9, -0.8, 0.7, 0.6, -0.9, 0.5, 0.8, -0.4, 0.7])
table = torch.randn(2400, 12)
wage = table @ weights + 0.2 * torch.tanh(table[:, 0] * table[:, 1]) + 0.3 * torch.randn(2400)
wage = (wage - wage.mean()) / wage.std()


class WageNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, table):
        return self.body(table).squeeze(1)


net = WageNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(900):
    rows = torch.randint(0, 2000, (50,))
    loss = F.mse_loss(net(table[rows]), wage[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

net.eval()
with torch.no_grad():
    residual = F.mse_loss(net(table[2000:]), wage[2000:]).item()
print(f"held-out mse {residual:.4f}")
