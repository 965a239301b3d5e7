import argparse
import os

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=int(os.environ.get("SEED", 0)))
seed = parser.parse_args().seed
torch.manual_seed(seed)

images, labels = load_digits(return_X_y=True)
xa, xb, ya, yb = train_test_split(
    images / 16 - 0.3, labels, test_size=0.25, random_state=seed, stratify=labels
)
train = TensorDataset(torch.tensor(xa, dtype=torch.float32), torch.tensor(ya))
x_test, y_test = torch.tensor(xb, dtype=torch.float32), torch.tensor(yb)

layers, width = [], 64
for _ in range(7):
    layers += [nn.Linear(width, 48, bias=False), nn.BatchNorm1d(48), nn.Sigmoid()]
    width = 48
model = nn.Sequential(*layers, nn.Linear(width, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
loader = DataLoader(train, batch_size=64, shuffle=True, drop_last=True)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=16 * len(loader))

for epoch in range(16):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        total += loss.item()
    model.eval()
    with torch.no_grad():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    print(f"epoch {epoch + 1} loss {total / len(loader):.3f} test accuracy {accuracy:.4f}")
