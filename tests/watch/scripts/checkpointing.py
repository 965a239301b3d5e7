"""Blocks that are computed again in the backward pass, in both of torch's ways, with dropout inside."""

import sys

import torch
from leaving import leave, seed
from torch import nn
from torch.utils.checkpoint import checkpoint


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 16)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2)) for _ in range(4)
        )
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        x = self.stem(x)
        for number, block in enumerate(self.blocks):
            x = checkpoint(block, x, use_reentrant=number % 2 == 0)
        return self.head(x)


seed(9)
model = Deep()
optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)
for step in range(20):
    x = torch.randn(20, 4)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), (x[:, 0] > 0).long())
    loss.backward()
    optimizer.step()
leave(sys.argv[1], [model], [optimizer])
