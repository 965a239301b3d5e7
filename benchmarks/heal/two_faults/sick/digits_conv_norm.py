"""A small convolutional net with normalization on the 8x8 digits."""
import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)
data = load_digits()
X = torch.tensor(data.images).float().unsqueeze(1)
y = torch.tensor(data.target)
model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(64, 10),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.3)
criterion = nn.CrossEntropyLoss()
loader = DataLoader(TensorDataset(X[:1300], y[:1300]), batch_size=64, shuffle=True)


def validate():
    model.eval()
    with torch.no_grad():
        return (model(X[1300:]).argmax(1) == y[1300:]).float().mean().item()


for epoch in range(6):
    validate()
    for xb, yb in loader:
        optimizer.zero_grad()
        criterion(model(xb), yb).backward()
        optimizer.step()
print(f"accuracy {validate():.4f}")
