"""A shuffling DataLoader with two workers whose samples are augmented at random."""

import random
import sys

import numpy as np
import torch
from leaving import leave, seed
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Noisy(Dataset):
    def __len__(self):
        return 96

    def __getitem__(self, index):
        x = torch.randn(5) + index % 3 + random.random() + float(np.random.rand())
        return x, index % 3, index


if __name__ == "__main__":
    seed(5)
    loader = DataLoader(Noisy(), batch_size=16, shuffle=True, num_workers=2)
    model = nn.Linear(5, 3)
    optimizer = torch.optim.AdamW(model.parameters())
    order, seen = [], []
    for epoch in range(2):
        for x, y, index in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            order += index.tolist()
            seen.append(round(loss.item(), 6))
    leave(sys.argv[1], [model], [optimizer], order=order, seen=len(seen))
