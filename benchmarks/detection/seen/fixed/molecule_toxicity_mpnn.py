"""Message passing over little molecules: does a halogen sit next to a nitrogen?"""
import os

import torch
from torch import nn

seed = int(os.environ.get("SEED", 0))
torch.manual_seed(seed)
ATOMS, KINDS = 9, 5


def molecules(n):
    kinds = torch.multinomial(torch.tensor([0.45, 0.2, 0.15, 0.1, 0.1]), n * ATOMS, replacement=True).view(n, ATOMS)
    bonds = torch.zeros(n, ATOMS, ATOMS)
    for atom in range(1, ATOMS):
        partner = (torch.rand(n) * atom).long()
        bonds[torch.arange(n), atom, partner] = 1
    ring = torch.rand(n) < 0.3
    bonds[ring, ATOMS - 1, 0] = 1
    bonds = torch.maximum(bonds, bonds.transpose(1, 2))
    nitrogen, halogen = (kinds == 1).float(), (kinds >= 3).float()
    contacts = torch.einsum("ni,nij,nj->n", nitrogen, bonds, halogen)
    return nn.functional.one_hot(kinds, KINDS).float(), bonds, (contacts > 0).float()


class MessageLayer(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.own = nn.Linear(d_in, d_out)
        self.neighbour = nn.Linear(d_in, d_out, bias=False)

    def forward(self, h, bonds):
        return torch.relu(self.own(h) + bonds @ self.neighbour(h))


class ToxNet(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.first = MessageLayer(KINDS, width)
        self.second = MessageLayer(width, width)
        self.readout = nn.Sequential(nn.Linear(width, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, atoms, bonds):
        h = self.second(self.first(atoms, bonds), bonds)
        return self.readout(h.sum(1)).squeeze(-1)


atoms, bonds, toxic = molecules(2400)
train, test = torch.arange(2000), torch.arange(2000, 2400)
net = ToxNet()
optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(1, 13):
    net.train()
    total = 0.0
    for rows in train[torch.randperm(len(train))].split(50):
        optimizer.zero_grad()
        loss = criterion(net(atoms[rows], bonds[rows]), toxic[rows])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    print(f"epoch {epoch:2d} | loss {total / len(train):.4f}")

net.eval()
with torch.no_grad():
    risk = torch.sigmoid(net(atoms[test], bonds[test]))
print(f"share toxic {toxic[test].mean():.3f}")
print(f"accuracy {((risk > 0.5).float() == toxic[test]).float().mean():.4f}")
