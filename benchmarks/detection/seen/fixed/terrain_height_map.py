import argparse

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

# Interpolates surveyed heights: (east, north) -> height

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--num_epochs", type=int, default=22)
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--learning_rate", type=float, default=5e-3)
args = parser.parse_args()
torch.manual_seed(args.seed)


def height(p):
    e, n = p[:, 0], p[:, 1]
    ridge = torch.sin(4.0 * e + 1.5 * torch.sin(3.0 * n))
    hills = 0.8 * torch.cos(5.0 * n - 2.0 * e)
    return (ridge + hills).unsqueeze(1)


def survey(points):
    place = torch.rand(points, 2) * 2 - 1
    return TensorDataset(place, height(place) + 0.03 * torch.randn(points, 1))


train_loader = DataLoader(survey(2200), batch_size=args.batch_size, shuffle=True)
check_place, check_height = survey(600).tensors

model = nn.Sequential(
    nn.Linear(2, 64),
    nn.Tanh(),
    nn.Linear(64, 64),
    nn.Tanh(),
    nn.Linear(64, 1),
)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=args.learning_rate)

for epoch in range(args.num_epochs):
    model.train()
    running = 0.0
    for place, h in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(place), h)
        loss.backward()
        optimizer.step()
        running += loss.item()
    model.eval()
    with torch.no_grad():
        check = criterion(model(check_place), check_height).item()
    print(f"Epoch [{epoch + 1}/{args.num_epochs}] train {running / len(train_loader):.4f} check {check:.4f}")

print(f"R2 at the check points {1 - check / check_height.var().item():.4f}")
