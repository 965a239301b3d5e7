"""Class-incremental learning: digits come two classes at a time, a replay memory keeps the old ones alive."""
import argparse
import os
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)
random.seed(seed)

digits = load_digits()
x = torch.tensor(digits.data / 8.0 - 1.0, dtype=torch.float32)
y = torch.tensor(digits.target)
train, test = torch.arange(0, 1300), torch.arange(1300, len(x))

model = nn.Sequential(nn.Linear(64, 80), nn.ReLU(), nn.Linear(80, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
memory = []
for task in range(5):
    classes = (2 * task, 2 * task + 1)
    fresh = [i for i in train.tolist() if y[i].item() in classes]
    for epoch in range(8):
        random.shuffle(fresh)
        for k in range(0, len(fresh), 20):
            batch = fresh[k:k + 20]
            batch = batch + random.sample(memory, min(len(memory), 20 * task))
            rows = torch.tensor(batch)
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    memory += random.sample(fresh, 100)
    known = test[y[test] < 2 * task + 2]
    with torch.no_grad():
        acc = (model(x[known]).argmax(1) == y[known]).float().mean().item()
    print(f"after classes {classes}: loss {loss.item():.4f} accuracy on classes so far {acc:.4f}")
