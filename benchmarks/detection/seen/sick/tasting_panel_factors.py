"""Scores of a tasting panel as the product of taster and cider factors."""

import os

import torch
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
TASTERS, CIDERS, SCORES = 120, 90, 5000

palate = torch.randn(TASTERS, 2)
character = torch.randn(CIDERS, 2)
kindness = 0.6 * torch.randn(TASTERS)
quality = 0.8 * torch.randn(CIDERS)
pairs = torch.randperm(TASTERS * CIDERS)[:SCORES]
who, which = pairs // CIDERS, pairs % CIDERS
score = kindness[who] + quality[which] + 0.8 * (palate[who] * character[which]).sum(1)
score = score + 0.6 * torch.randn(SCORES)

train, val, test = torch.arange(SCORES).split([3200, 800, 1000])


class PanelModel(nn.Module):
    def __init__(self, rank=32):
        super().__init__()
        self.taster = nn.Embedding(TASTERS, rank)
        self.cider = nn.Embedding(CIDERS, rank)
        self.taster_bias = nn.Embedding(TASTERS, 1)
        self.cider_bias = nn.Embedding(CIDERS, 1)
        for table in (self.taster, self.cider, self.taster_bias, self.cider_bias):
            nn.init.normal_(table.weight, std=0.1)

    def forward(self, t, c):
        bias = self.taster_bias(t) + self.cider_bias(c)
        return bias.squeeze(1) + (self.taster(t) * self.cider(c)).sum(1)


model = PanelModel()
mse = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)


def score_on(rows):
    with torch.no_grad():
        return mse(model(who[rows], which[rows]), score[rows]).item()


for epoch in range(16):
    for rows in train[torch.randperm(len(train))].split(64):
        optimizer.zero_grad()
        loss = mse(model(who[rows], which[rows]), score[rows])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch:2d} train mse {score_on(train):.4f} val mse {score_on(val):.4f}")
print(f"test R2 {1 - score_on(test) / score[test].var().item():.4f}")
