"""Two questions about every handwritten digit: which one is it, and is it odd?"""

import argparse

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--epochs", type=int, default=15)
args = parser.parse_args()
torch.manual_seed(args.seed)


class TwoHeads(nn.Module):
    def __init__(self, width=64, depth=5):
        super().__init__()
        trunk, features = [], 64
        for _ in range(depth):
            trunk += [nn.Linear(features, width), nn.Sigmoid()]
            features = width
        self.trunk = nn.Sequential(*trunk)
        self.value = nn.Linear(width, 10)
        self.parity = nn.Linear(width, 1)

    def forward(self, x):
        shared = self.trunk(x)
        return self.value(shared), self.parity(shared).squeeze(1)


bunch = load_digits()
pixels = torch.tensor(bunch.data, dtype=torch.float32) / 16
pixels = (pixels - pixels.mean()) / pixels.std()
digit = torch.tensor(bunch.target)
x_train, x_test, d_train, d_test = train_test_split(
    pixels, digit, test_size=0.25, random_state=args.seed, stratify=digit
)
loader = DataLoader(TensorDataset(x_train, d_train), batch_size=32, shuffle=True)

model = TwoHeads()
value_loss, parity_loss = nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)

for epoch in range(args.epochs):
    model.train()
    running = 0.0
    for x, d in loader:
        value, parity = model(x)
        loss = value_loss(value, d) + 0.5 * parity_loss(parity, (d % 2).float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}/{args.epochs} loss {running / len(loader):.4f}")

model.eval()
with torch.no_grad():
    value, parity = model(x_test)
    odd = ((parity > 0).long() == d_test % 2).float().mean().item()
    accuracy = (value.argmax(1) == d_test).float().mean().item()
print(f"parity accuracy {odd:.4f}")
print(f"test accuracy {accuracy:.4f}")
