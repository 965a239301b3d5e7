"""Severity score at hour twelve from hourly vitals: self-attention over the hours, then a pooled readout."""
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(os.environ.get("SEED", 3)))


def stays(n):
    vitals = torch.randn(n, 12, 5).cumsum(1) * 0.5
    heart, pressure, oxygen = vitals[..., 0], vitals[..., 1], vitals[..., 2]
    score = heart.amax(1) - pressure.amin(1) + 1.5 * oxygen[:, -4:].mean(1) - 0.6 * (heart * oxygen).mean(1)
    return vitals, (score - 2.2) / 2.2 + 0.1 * torch.randn(n)


class VitalsNet(nn.Module):
    def __init__(self, width=32, heads=4):
        super().__init__()
        self.project = nn.Linear(5, width)
        self.hour = nn.Parameter(torch.randn(12, width) * 0.1)
        self.attend = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(2 * width, 48)
        self.score = nn.Linear(48, 1)

    def forward(self, vitals):
        h = F.relu(self.project(vitals) + self.hour)
        h = self.norm(h + self.attend(h, h, h, need_weights=False)[0])
        h = torch.cat([h.mean(1), h.amax(1)], dim=-1)
        h = F.relu(self.hidden(h))
        h = F.dropout(h, p=0.4, training=self.training)
        return self.score(h).squeeze(-1)


x_train, y_train = stays(2000)
x_val, y_val = stays(500)
model = VitalsNet()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)


def evaluate(x, y):
    model.eval()
    with torch.no_grad():
        return F.l1_loss(model(x), y).item()


for epoch in range(10):
    model.train()
    for idx in torch.randperm(len(x_train)).split(50):
        loss = F.mse_loss(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1:2d}  last batch {loss.item():.4f}  validation MAE {evaluate(x_val, y_val):.4f}")

x_test, y_test = stays(1000)
print(f"test MAE {evaluate(x_test, y_test):.4f}")
