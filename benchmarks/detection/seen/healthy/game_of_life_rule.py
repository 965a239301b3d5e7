"""Learns the rule of Conway's game by applying one tiny network to every cell, three generations in a row."""

import os

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(int(os.environ.get("SEED", 0)))
kernel = torch.ones(1, 1, 3, 3)
kernel[0, 0, 1, 1] = 0.0


def generation(board):
    around = F.conv2d(F.pad(board, (1, 1, 1, 1), mode="circular"), kernel)
    return ((around == 3) | ((around == 2) & (board > 0))).float()


class Cell(nn.Module):
    def __init__(self, channels=24):
        super().__init__()
        self.look = nn.Conv2d(1, channels, 3, padding=1, padding_mode="circular")
        self.think = nn.Conv2d(channels, channels, 1)
        self.live = nn.Conv2d(channels, 1, 1)

    def forward(self, board):
        return self.live(F.relu(self.think(F.relu(self.look(board)))))


cell = Cell()
optimizer = torch.optim.Adam(cell.parameters(), lr=1e-2)
generations = 3
for step in range(1, 401):
    board = (torch.rand(12, 1, 12, 12) < 0.05 + 0.5 * torch.rand(12, 1, 1, 1)).float()
    loss, truth = 0.0, board
    for _ in range(generations):
        logits = cell(truth)
        truth = generation(truth)
        loss = loss + F.binary_cross_entropy_with_logits(logits, truth) / generations
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 80 == 0:
        with torch.no_grad():
            fresh = (torch.rand(40, 1, 12, 12) < 0.35).float()
            wrong = ((cell(fresh) > 0).float() != generation(fresh)).float().mean().item()
        print(f"step {step} loss {loss.item():.4f} cells wrong {100 * wrong:.2f} %")
with torch.no_grad():
    glider = torch.zeros(1, 1, 12, 12)
    glider[0, 0, [0, 1, 2, 2, 2], [1, 2, 0, 1, 2]] = 1.0
    dreamt = glider
    for _ in range(8):
        dreamt = (cell(dreamt) > 0).float()
    moved = torch.roll(glider, (2, 2), dims=(2, 3))
print(f"glider after eight dreamt generations: {int((dreamt == moved).all())} (1 means where it should be)")
