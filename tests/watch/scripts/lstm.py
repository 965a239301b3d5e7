"""A recurrent net whose gradients are clipped; parameters in two groups."""

import sys

import torch
from leaving import leave, seed
from torch import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 8)
        self.lstm = nn.LSTM(8, 12, num_layers=2, dropout=0.2, batch_first=True)
        self.head = nn.Linear(12, 4)

    def forward(self, tokens):
        states, (last, _) = self.lstm(self.embed(tokens))
        return {"scores": self.head(states).transpose(1, 2), "last": last}


seed(3)
model = Tagger()
optimizer = torch.optim.RMSprop(
    [{"params": model.lstm.parameters(), "lr": 5e-3}, {"params": [*model.embed.parameters(), *model.head.parameters()]}]
)
norms = []
for step in range(24):
    tokens = torch.randint(0, 11, (10, 7))
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(tokens)["scores"], tokens % 4)
    loss.backward()
    norms.append(nn.utils.clip_grad_norm_(model.parameters(), 0.5).item())
    optimizer.step()
print(loss.item())
leave(sys.argv[1], [model], [optimizer], norms=norms)
