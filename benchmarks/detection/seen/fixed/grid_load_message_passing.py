"""Load at every node of a supply grid, from the equipment of the nodes around it."""
import os

import torch
import torch.nn as nn

torch.manual_seed(int(os.environ.get("SEED", "0")))

NODES, FEATURES = 240, 6
position = torch.rand(NODES, 2)
distance = torch.cdist(position, position)
adjacency = (distance < 0.13).float()  # a node is its own neighbour
equipment = torch.randn(NODES, FEATURES)

average = adjacency / adjacency.sum(dim=1, keepdim=True)
demand = torch.tanh(equipment @ torch.randn(FEATURES, 4)) @ torch.randn(4)
load = demand + 2 * average @ demand + 2 * average @ (average @ demand)
load = (load - load.mean()) / load.std() + 0.05 * torch.randn(NODES)

order = torch.randperm(NODES)
known, unknown = order[:170], order[170:]


class Round(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.own = nn.Linear(dim, dim)
        self.others = nn.Linear(dim, dim, bias=False)

    def forward(self, h, adj):
        return torch.relu(self.own(h) + adj @ self.others(h))


class GridNet(nn.Module):
    def __init__(self, dim=32, rounds=5):
        super().__init__()
        self.lift = nn.Linear(FEATURES, dim)
        self.rounds = nn.ModuleList([Round(dim) for _ in range(rounds)])
        self.read = nn.Linear(dim, 1)

    def forward(self, x, adj):
        h = torch.relu(self.lift(x))
        for r in self.rounds:
            h = r(h, adj)
        return self.read(h).squeeze(1)


net = GridNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, weight_decay=1e-4)
matrix = average

for epoch in range(400):
    net.train()
    prediction = net(equipment, matrix)
    loss = nn.functional.mse_loss(prediction[known], load[known])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(f"epoch {epoch:3d}  mse {loss.item():.4f}")

net.eval()
with torch.no_grad():
    prediction = net(equipment, matrix)
    error = nn.functional.l1_loss(prediction[unknown], load[unknown]).item()
print(f"mean absolute error {error:.4f}")
